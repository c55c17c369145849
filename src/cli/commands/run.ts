import { type Command, InvalidArgumentError, Option } from 'commander'
import { readModelFile } from '../../onnx/index.node.ts'
import { toJson } from '../../report/index.ts'
import { type Backend, createSession } from '../../runtime/index.node.ts'
import type { Io } from '../io.ts'
import { threadCount } from '../options.ts'
import { checkOutput } from '../output.ts'
import { terminalText } from '../print.ts'
import { type GivenInputs, givenInput, readFeeds } from '../run/feeds.ts'
import type { ImageLayout, Preprocessing } from '../run/image.ts'
import { summaryOf } from '../run/outputs.ts'
import { type RunResult, runJson, runReport } from '../run/report.ts'
import { checkTargets, type OutputTargets, outputTarget, writeOutputs } from '../run/write.ts'

interface Options {
  readonly input?: GivenInputs
  readonly output?: OutputTargets
  readonly force?: boolean
  readonly threads: number
  readonly backend: Backend
  readonly top: number
  readonly seed: number
  readonly size?: readonly [number, number]
  readonly fit?: Preprocessing['fit']
  readonly channels?: Preprocessing['order']
  readonly scale?: number
  readonly mean?: readonly number[]
  readonly std?: readonly number[]
  readonly layout?: ImageLayout
  readonly json?: boolean
}

const examples = `
Examples:
  kerf run model.onnx --input cat.jpg
  kerf run model.onnx --input x.npy -o y.npy --threads 2
  kerf run two-inputs.onnx --input left=a.npy --input right=b.npy -o out.json
  kerf run model.onnx --input 1,3,224,224 --seed 7      # random numbers

An image becomes (pixel · scale - mean) ÷ std with pixels from 0 to 255. For three channels of floats the defaults are ImageNet's:
  --scale 1/255 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --fit cover --channels rgb
for one channel of floats --scale 1/255 --mean 0 --std 1, for integers the pixels themselves. Size and layout are the input's own;
where it leaves its size open, 224x224. What was done is printed.`

export function define(command: Command, io: Io): void {
  command
    .argument('<model>', 'an ONNX file')
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
    .addOption(new Option('-t, --threads <n>', 'threads').argParser(threadCount).default(1))
    .addOption(new Option('--backend <name>', 'what computes').choices(['wasm', 'reference']).default('wasm'))
    .addOption(new Option('--top <n>', 'how many classes to show').argParser(count).default(5))
    .addOption(new Option('--seed <n>', 'of random inputs').argParser(count).default(1))
    .option('--size <HxW>', 'images: resize to', size)
    .addOption(new Option('--fit <how>', 'images: how to resize').choices(['cover', 'fill', 'contain']))
    .addOption(new Option('--channels <order>', 'images: order of the channels').choices(['rgb', 'bgr']))
    .option('--scale <s>', 'images: what pixels are multiplied by, as in 1/255', scale)
    .option('--mean <list>', 'images: what is then subtracted, per channel', numbers)
    .option('--std <list>', 'images: what is then divided by, per channel', divisors)
    .addOption(new Option('--layout <order>', 'images: order of the axes').choices(['NCHW', 'NHWC']))
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(async (path: string, options: Options) => {
      const targets = options.output ?? []
      for (const { path: output } of targets)
        checkOutput(output, { force: options.force, inputs: filesOf(path, options) })
      const model = readModelFile(path)
      checkTargets(model, targets)
      const preprocessing = { ...options, order: options.channels }
      const feeds = await readFeeds(model, options.input ?? new Map(), options.seed, preprocessing)
      const { backend, threads } = options
      const notices: string[] = []
      const session = await createSession(model, {
        backend,
        threads,
        inputShapes: new Map(feeds.map((f) => [f.name, f.tensor.shape])),
        onNotice: (text) => {
          notices.push(text)
          io.err(`kerf: ${text}\n`)
        },
      })
      try {
        const start = performance.now()
        const outputs = await session.run(Object.fromEntries(feeds.map((f) => [f.name, f.tensor])))
        const result: RunResult = {
          model: path,
          backend: session.backend,
          threads: session.threads,
          feeds,
          outputs: Object.entries(outputs).map(([name, tensor]) => summaryOf(name, tensor, options.top)),
          timeMs: performance.now() - start,
          memory: session.memory,
          notices,
        }
        const wrote = writeOutputs(outputs, targets, { force: options.force, inputs: filesOf(path, options) })
        io.out(options.json ? toJson(runJson(result)) : terminalText(runReport(result, wrote), io))
      } finally {
        session.dispose()
      }
    })
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

function size(text: string): [number, number] {
  const sizes = /^(\d+)(?:[x×,](\d+))?$/.exec(text)
  const [height, width] = [Number(sizes?.[1]), Number(sizes?.[2] ?? sizes?.[1])]
  if (!(height >= 1 && width >= 1)) throw new InvalidArgumentError('Give height and width, as in 224x224.')
  return [height, width]
}

function scale(text: string): number {
  const [numerator, denominator = '1'] = text.split('/')
  const value = number(numerator) / number(denominator)
  if (!Number.isFinite(value)) throw new InvalidArgumentError('Give a number, as in 1/255.')
  return value
}

const number = (text: string | undefined): number =>
  text === undefined || text.trim() === '' ? Number.NaN : Number(text)

function numbers(text: string): number[] {
  const values = text.split(',').map(number)
  if (!values.every(Number.isFinite)) throw new InvalidArgumentError('Give numbers, as in 0.485,0.456,0.406.')
  return values
}

function divisors(text: string): number[] {
  const values = numbers(text)
  if (values.includes(0)) throw new InvalidArgumentError('Nothing can be divided by 0.')
  return values
}
