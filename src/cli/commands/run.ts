import { type Command, InvalidArgumentError, Option } from 'commander'
import { imageMetadata } from '../../api/data.ts'
import { type BackendName, backendNames, createSession, outputSummary } from '../../api/runtime.node.ts'
import type { Task } from '../../base/index.ts'
import { toJson } from '../../report/index.ts'
import { UsageError } from '../errors.ts'
import { givenModel, modelArgument, modelFile } from '../given-model.ts'
import type { Io } from '../io.ts'
import { checkOutput } from '../output.ts'
import { terminalText } from '../print.ts'
import { type GivenInputs, givenInput, readFeeds } from '../run/feeds.ts'
import { type RunResult, runJson, runReport } from '../run/report.ts'
import { checkTargets, type OutputTargets, outputTarget, writeOutputs } from '../run/write.ts'
import { withTask } from '../task.ts'
import { addImageFlags, classesFlag, type ImageFlags, imageFlagsHelp, seedFlag, threadsFlag } from '../vocabulary.ts'

interface Options extends ImageFlags {
  readonly input?: GivenInputs
  readonly output?: OutputTargets
  readonly force?: boolean
  readonly threads: number
  readonly backend: BackendName
  readonly top: number
  readonly seed: number
  readonly classes?: readonly string[]
  readonly layout?: 'NCHW' | 'NHWC'
  readonly json?: boolean
}

const examples = `
Examples:
  kerf run model.onnx --input cat.jpg
  kerf run model.onnx --input cat.jpg --classes labels.txt --resize 256 --crop 224
  kerf run model.onnx --input x.npy -o y.npy --threads 2
  kerf run two-inputs.onnx --input left=a.npy --input right=b.npy -o out.json
  kerf run model.onnx --input 1,3,224,224 --seed 7      # random numbers
${imageFlagsHelp}`

export function define(command: Command, io: Io): void {
  command
    .argument('<model>', modelArgument, modelFile)
    .allowExcessArguments()
    .option(
      '-i, --input <file>',
      'x.npy, an image, or a shape N,C,H,W of random numbers; name=file, name:N,C,H,W where there are several (repeatable)',
      givenInput,
    )
    .option(
      '-o, --output <file>',
      'write to y.npy (one output; name=y.npy for others) or all to y.json (repeatable)',
      outputTarget,
    )
    .option('--force', 'replace files that exist')
    .addOption(threadsFlag())
    .addOption(new Option('--backend <name>', 'what computes').choices(backendNames).default('wasm'))
    .addOption(new Option('--top <n>', 'how many classes to show').argParser(count).default(5))
    .addOption(seedFlag('of random inputs'))
    .addOption(classesFlag())
  addImageFlags(command)
    .addOption(new Option('--layout <order>', 'images: order of the axes').choices(['NCHW', 'NHWC']))
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action((path: string, options: Options) => {
      checkOrder(command.args)
      return withTask(io, (task, io) => runModel(path, options, task, io))
    })
}

async function runModel(path: string, options: Options, task: Task, io: Io): Promise<void> {
  const targets = options.output ?? []
  for (const { path: output } of targets) checkOutput(output, { force: options.force, inputs: filesOf(path, options) })
  const model = givenModel(path)
  checkTargets(model, targets)
  const feeds = await readFeeds(model, options.input ?? new Map(), options.seed, options)
  const { backend, threads } = options
  const notices: string[] = []
  const known = imageMetadata(model)
  for (const problem of known.problems) io.err(`kerf: ${problem}\n`)
  const classes = options.classes ?? known.classes
  const session = await createSession(model, {
    backend,
    threads,
    ...task,
    inputShapes: new Map(feeds.map((f) => [f.name, f.tensor.shape])),
    onNotice: (text) => {
      notices.push(text)
      io.err(`kerf: ${text}\n`)
    },
  })
  try {
    const start = performance.now()
    const outputs = await session.run(Object.fromEntries(feeds.map((f) => [f.name, f.tensor])), task)
    const result: RunResult = {
      model: path,
      backend: session.backend,
      threads: session.threads,
      feeds,
      outputs: Object.entries(outputs).map(([name, tensor]) => outputSummary(name, tensor, options.top, classes)),
      timeMs: performance.now() - start,
      memory: session.memory,
      notices,
    }
    const [best] = result.outputs.flatMap((o) => o.top?.[0]?.[0] ?? [])
    if (best && classes && best.name === undefined) {
      const sizes = result.outputs.flatMap((o) => (o.top ? [`${o.name} has ${o.shape[1]}`] : []))
      io.err(`kerf: ${classes.length} names of classes fit no output: they are passed over (${sizes.join(', ')}).\n`)
    }
    const wrote = writeOutputs(outputs, targets, { force: options.force, inputs: filesOf(path, options) })
    io.out(options.json ? toJson(runJson(result)) : terminalText(runReport(result, wrote), io))
  } finally {
    await session.dispose()
  }
}

const inputNames = /\.(npy|npz|png|jpe?g|webp|avif|tiff?|gif|bmp|heic)$/i

/** Files that are given to the network stand behind --input. @throws UsageError that shows how */
function checkOrder(given: readonly string[]): void {
  const isInput = (name: string) => inputNames.test(name)
  const inputs = given.filter(isInput)
  const [model = 'MODEL', ...more] = given.filter((name) => !isInput(name))
  const others = [...inputs, ...more]
  if (given.length === 1 && inputs.length === 0) return
  const flags = (others.length > 0 ? others : ['FILE']).map((name) => ` --input ${name}`).join('')
  throw new UsageError(`The network comes first, and what it is given behind --input: kerf run ${model}${flags}`)
}

/** What is read, and so never replaced. */
const filesOf = (model: string, { input }: Options): string[] => [
  model,
  ...[...(input?.values() ?? [])].flatMap((g) => ('path' in g ? [g.path] : [])),
]

function count(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Give a whole number.')
  return Number(text)
}
