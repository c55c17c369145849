import { basename, dirname, join } from 'node:path'
import { type Command, Option } from 'commander'
import { slimInFolder, writeModelFile } from '../../api/files.node.ts'
import type { SlimOptions } from '../../api/workflow.node.ts'
import { isAborted, KerfError } from '../../base/index.ts'
import { chartsSvg, fewImagesNotice, toHtml, toJson } from '../../report/index.ts'
import { openInputs } from '../data/given-data.ts'
import { addGivenImages, type GivenImagesOptions, openGivenSets } from '../data/given-images.ts'
import { UsageError } from '../errors.ts'
import { filesOfGiven, givenModel, learning, modelArgument, modelFile } from '../given-model.ts'
import type { Io } from '../io.ts'
import { positiveInteger, positiveNumber, wholeNumber } from '../options.ts'
import { checkOutput, writeWholeFile } from '../output.ts'
import { modelEndings } from '../output-type.ts'
import { terminalText } from '../print.ts'
import { timeText } from '../progress-bar.ts'
import { addChannelFlags, type ChannelFlags, part } from '../prune/options.ts'
import { assumptionText } from '../run/image.ts'
import { drop, times } from '../slim/options.ts'
import { slimChart, slimJson, slimReport, stageText } from '../slim/report.ts'
import { type CommandTask, withTask } from '../task.ts'
import { addRuntimeFlag, type TimingFields, timingRuntime } from '../timing.ts'
import { addAugmentationFlags, defaultSeed, imageFlagsHelp, learningRateFlag, threadsFlag } from '../vocabulary.ts'

interface Options extends GivenImagesOptions, ChannelFlags, Pick<TimingFields, 'runtime'> {
  readonly output?: string
  readonly report?: string
  readonly recipe?: string
  readonly faster?: number
  readonly targetMs?: number
  readonly targetMacs?: number
  readonly smaller?: number
  readonly maxDrop: number
  readonly heldOut?: number
  readonly rounds: number
  readonly epochs: number
  readonly learningRate?: number
  readonly roundTo?: number
  readonly allocate?: 'uniform' | 'global' | 'cost'
  readonly threads: number
  readonly fullNames?: boolean
  readonly resume?: boolean
  readonly force?: boolean
  readonly json?: boolean
}

const examples = `
Examples:
  kerf slim model.onnx -o small.onnx --data photos/ --faster 2
  kerf slim model.onnx -o small.onnx --data images:train,val --target-macs 0.5 --max-drop 0.5% --report small.html
  kerf slim model.onnx -o small.onnx --recipe runs/mnist-lenet5 --target-macs 0.3

In rounds, each nearer to the target: channels are ranked and cut, the cut is proved, the layers that are left are fitted to what they gave, and where that does not keep
the quality, the network is distilled from the one it was. A part of the images is held out and judges what came of it: by their labels, where they have any
(folders of classes, published data sets), else by whether the largest output is the one that the given network has. The last network that is good enough
is written; where already the first step costs more than --max-drop, nothing is. Test images, where the data bring any, are looked at once, at the end.

The rounds lie in a folder beside the output (small-slim). Ctrl-C stops; the same command with --resume goes on, to the same bits.
${imageFlagsHelp}`

export function define(command: Command, io: Io): void {
  command
    .argument('<model>', modelArgument, modelFile)
    .option('-o, --output <file>', 'the smaller model')
    .addOption(new Option('--faster <times>', 'so many times as fast, as measured').argParser(times))
    .addOption(new Option('--target-ms <ms>', 'milliseconds that one image may take').argParser(positiveNumber))
    .addOption(new Option('--target-macs <part>', 'the part of the MACs that may stay').argParser(part))
    .addOption(new Option('--smaller <times>', 'so many times smaller, in bytes').argParser(times))
    .addOption(
      new Option('--max-drop <part>', 'how far quality may fall: 1% is a point of accuracy')
        .argParser(drop)
        .default(0.01, '1%'),
    )
  addAugmentationFlags(addGivenImages(command, 'images, with labels or without', 2000))
    .option('--recipe <file>', 'take data and transforms from a recipe, or from the folder of a run')
    .option('--held-out <part>', 'part of the images that judges (default: 0.25, unless the data bring some)', part)
    .addOption(new Option('--rounds <n>', 'steps towards the target').argParser(positiveInteger).default(4))
    .addOption(
      new Option('-e, --epochs <n>', 'of distillation in a round that needs it; 0: none')
        .argParser(wholeNumber)
        .default(10),
    )
    .addOption(learningRateFlag('highest learning rate of distillation (default: 0.01)'))
  addChannelFlags(command)
    .option('--round-to <n>', 'widths that remain are multiples of n', positiveInteger)
    .addOption(
      new Option('--allocate <how>', 'how widths are chosen (default: cost for times, else uniform)').choices([
        'uniform',
        'global',
        'cost',
      ]),
    )
  addRuntimeFlag(command, 'where time is measured, on one thread')
    .addOption(threadsFlag())
    .option('--report <file>', 'write a page with everything: curve, rounds, widths, what stays and why')
    .option('--full-names', 'names of layers as the file has them')
    .option('--resume', 'go on with what was stopped, given the same options')
    .option('--json', 'print JSON')
    .option('--force', 'replace the output if it exists')
    .addHelpText('after', examples)
    .action((path: string, options: Options) => withTask(io, (task, io) => slim(path, options, task, io)))
}

/** `small.onnx` → `small-slim`, beside it. */
const folderOf = (output: string): string => join(dirname(output), `${basename(output).replace(/\.onnx$/i, '')}-slim`)

async function slim(path: string, options: Options, task: CommandTask, io: Io): Promise<void> {
  const { output, report: page, force, resume, json } = options
  if (output === undefined) throw new UsageError('Say where the smaller model goes: -o small.onnx.')
  const file = givenModel(path)
  const model = learning(file, io)
  const files = filesOfGiven(path, file)
  checkOutput(output, { force, inputs: files, endings: modelEndings })
  if (page !== undefined) checkOutput(page, { force, inputs: [...files, output], endings: ['html', 'htm'] })
  const target = targetFlag(options)
  const { images, validation, test, ...given } = await openGivenSets(model, options, options.recipe, task, io)
  const notices = [...given.notices, fewImagesNotice((validation ?? images).count, 'given')].filter(
    (n) => n !== undefined,
  )
  for (const text of notices) io.err(`kerf: ${text}\n`)
  const left = roundsLeft(options.rounds)
  task.note = left.text
  const asked: SlimOptions = {
    ...{ images, validation, test, transforms: given.transforms, labels: options.labels, ...target },
    ...{ maxDrop: options.maxDrop, heldOut: options.heldOut, rounds: options.rounds, epochs: options.epochs },
    ...{
      learningRate: options.learningRate,
      criterion: options.criterion,
      methods: options.method,
      keep: options.keep,
    },
    ...{ roundTo: options.roundTo, seed: options.seed ?? defaultSeed, threads: options.threads },
    ...{ allocate: options.allocate, timing: await timingRuntime(options) },
    onStage: (stage) => {
      if (stage.kind === 'round') left.done()
      if (!json) io.err(`${stageText(stage)}\n`)
    },
    onNotice: (text) => io.err(`kerf: ${text}\n`),
  }
  const at = { folder: folderOf(output), force, resume }
  const result = await slimInFolder(model, asked, at, task).catch((error: unknown) => {
    throw isAborted(error) ? stopped() : error
  })
  const written = writeModelFile(result.model, output, { force, protect: files })
  const assumed = given.image && assumptionText(given.image)
  const notes = [...notices, ...(assumed ? [assumed] : [])]
  const inputs = openInputs(model, given.image)
  const context = { path, model, written, notes, inputs, fullNames: options.fullNames }
  if (page !== undefined) {
    const whole = toHtml(slimReport(result, context, true), { figures: [chartsSvg([slimChart(result)])] })
    writeWholeFile(page, whole, { force, inputs: files })
    io.err(`Wrote ${page}.\n`)
  }
  io.out(json ? toJson(slimJson(path, result, written)) : terminalText(slimReport(result, context, false), io))
}

/** @throws UsageError unless there is one */
function targetFlag({
  faster,
  targetMs,
  targetMacs,
  smaller,
}: Options): Pick<Options, 'faster' | 'targetMs' | 'targetMacs' | 'smaller'> {
  const given = [faster, targetMs, targetMacs, smaller].filter((v) => v !== undefined)
  if (given.length === 1) return { faster, targetMs, targetMacs, smaller }
  throw new UsageError(
    'Say what is to be reached, in one way: --faster 2, --target-ms 3.2, --target-macs 0.5 or --smaller 2.',
  )
}

/** How long the rounds that are left take, as those before tell. */
function roundsLeft(rounds: number) {
  const start = performance.now()
  let [done, untilNow] = [0, 0]
  return {
    done() {
      done++
      untilNow = performance.now() - start
    },
    text: () =>
      done === 0 || done >= rounds ? '' : `${timeText(((untilNow / done) * (rounds - done)) / 1000)} for all rounds`,
  }
}

const stopped = (): KerfError =>
  new KerfError('stopped', 'Stopped; the smaller model was not written. The same command with --resume goes on.')
