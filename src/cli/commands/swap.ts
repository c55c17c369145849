import { type Command, InvalidArgumentError, Option } from 'commander'
import { writeModelFile } from '../../api/files.node.ts'
import { rewriteOf, rewrites } from '../../api/rewrite.ts'
import { type SwapOptions, swapAndMeasure } from '../../api/workflow.node.ts'
import { type NamePattern, namePattern, type Task } from '../../base/index.ts'
import { toJson } from '../../report/index.ts'
import { addDataOptions, type DataOptions, dataRecipe, type GivenRecipe, openInputs } from '../data/given-data.ts'
import { imageSource } from '../data/image-source.ts'
import { UsageError } from '../errors.ts'
import { filesOfGiven, givenModel, isBuiltIn, learning, modelArgument, modelFile } from '../given-model.ts'
import type { Io } from '../io.ts'
import { type InputShapes, inputShape, portion, positiveInteger, positiveNumber } from '../options.ts'
import { checkOutput, writeWholeFile } from '../output.ts'
import { modelEndings } from '../output-type.ts'
import { terminalText } from '../print.ts'
import { amount, factor } from '../prune/budget.ts'
import { assumptionText } from '../run/image.ts'
import { type SwapResult, swapReport } from '../swap/report.ts'
import { addSettingFlags, settingsGiven } from '../swap/settings.ts'
import { withTask } from '../task.ts'
import { addTimingFlags, type TimingFields, timingRuntime } from '../timing.ts'
import { epochsFlag, imageFlagsHelp, seedFlag, threadsFlag } from '../vocabulary.ts'

interface Options extends DataOptions, TimingFields {
  readonly output?: string
  readonly to: string
  readonly layers?: NamePattern
  readonly energy?: number
  readonly targetMacs?: { readonly part?: number; readonly value?: number }
  readonly targetMs?: number
  readonly faster?: number
  readonly time?: boolean
  readonly seed: number
  readonly input?: InputShapes
  readonly images?: number
  readonly writeRecipe?: string
  readonly epochs: number
  readonly threads: number
  readonly fullNames?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
  readonly force?: boolean
}

const examples = `
Examples:
  kerf swap model.onnx -o smaller.onnx --to separable --target-macs 0.5 --data photos/
  kerf swap model.onnx -o smaller.onnx --to low-rank --faster 1.5 --runtime ort-node --data photos/
  kerf swap model.onnx -o smaller.onnx --to tucker --rank 16,32 --layers '*layer3*'
  kerf swap model.onnx --to low-rank-space --energy 0.9 --dry-run
  kerf swap resnet20.onnx -o adder.onnx --to adder --data data/cifar10 --write-recipe distil.json
  kerf swap model.onnx -o adder.onnx --to adder --layers '*layer3*' --keep-weights
  kerf swap model.onnx --to adder --dry-run

What layers become (--to):
${rewrites.map(({ name, summary, source }) => `  ${name}  ${summary}\n  ${' '.repeat(name.length)}  ${source}`).join('\n')}

--layers names layers, and then those too that stay otherwise: by default all that are cheaper afterwards (of bottleneck and adder: all).

How large layers become is said by a rank, by the part of each layer's energy (‖W‖²) that is to be kept, or by what the network may cost: then every layer gets the
form with which the squares of all weight errors, ‖W − W′‖² ÷ ‖W‖², sum up to the least. Times are measured: some forms of every layer alone, then the network as a whole.

With --data the weights behind which layers come out as they were are solved for by least squares, layer by layer, without labels; every fourth image only judges. Where
new layers must learn anew (adder), means and variances of BatchNormalization alone are measured, without --data on noise. --write-recipe writes how the network is
trained, with the given one as the teacher, at a learning rate of 0.01, or that of networks with fresh weights (0.1).
${imageFlagsHelp}`

export function define(command: Command, io: Io): void {
  command
    .argument('<model>', modelArgument, modelFile)
    .option('-o, --output <file>', 'the network with other layers')
    .addOption(
      new Option('--to <kind>', 'what layers become').choices(rewrites.map((r) => r.name)).makeOptionMandatory(),
    )
    .option('--layers <glob>', "which layers, by name, as in '*layer3*'", layers)
  addSettingFlags(command)
    .addOption(
      target('--energy <part>', 'of each layer keep so much of ‖W‖², with the fewest MACs (default: 0.95)', energy),
    )
    .addOption(target('--target-macs <n>', 'MACs of the network at most, a part (0.5) or a number (300M)', amount))
    .addOption(target('--target-ms <ms>', 'milliseconds of a run at most, measured (see --runtime)', positiveNumber))
    .addOption(target('--faster <factor>', 'how many times as fast a run is to be, measured', factor))
    .addOption(seedFlag('draws weights and noise'))
    .option(
      '-i, --input <shape>',
      'shape of an input, where the file leaves it open: N,C,H,W, or name:N,C,H,W (repeatable)',
      inputShape,
    )
  addDataOptions(command, 'images to solve for weights and to measure statistics on, without labels')
    .option(
      '--images <n>',
      'how many of them (default: 512 to solve for weights, 64 for statistics alone)',
      positiveInteger,
    )
    .option('--write-recipe <file>', 'write a training recipe with the given network as teacher (takes --data)')
    .addOption(epochsFlag('of that recipe').default(50))
    .addOption(threadsFlag())
    .option('--time', 'measure what every layer and the network take, in turns with what they took')
  addTimingFlags(command)
    .option('--full-names', 'names of layers as the file has them')
    .option('--dry-run', 'show what would be done, write and run nothing')
    .option('--json', 'print JSON')
    .option('--force', 'replace the output if it exists')
    .addHelpText('after', examples)
    .action((path: string, options: Options) => withTask(io, (task, io) => swap(path, options, task, io)))
}

async function swap(path: string, options: Options, task: Task, io: Io): Promise<void> {
  const { output, dryRun, force, seed, threads, layers, images, epochs } = options
  const target = targetOf(options)
  const isTimed = options.time || options.targetMs !== undefined || options.faster !== undefined
  const settings = settingsGiven(rewriteOf(options.to), options)
  if (output === undefined && !dryRun)
    throw new UsageError('Say where the new network goes: -o adder.onnx (or --dry-run to write nothing).')
  if (options.writeRecipe !== undefined && options.data === undefined)
    throw new UsageError('A recipe needs data: say which, as in --data mnist:FOLDER.')
  if (dryRun && isTimed) throw new UsageError('Times are measured, which --dry-run does not: leave one of the two out.')
  if (options.writeRecipe !== undefined && isBuiltIn(path))
    throw new UsageError(
      `A teacher is a trained network, and ${path} is not: leave out --write-recipe, or train it first.`,
    )
  const file = givenModel(path)
  const model = options.data ? learning(file, io) : file
  const { recipe, image } = dataRecipe(model, options) ?? {}
  const protect = filesOfGiven(path, file)
  if (!dryRun && output !== undefined) checkOutput(output, { force, inputs: protect, endings: modelEndings })
  if (!dryRun && options.writeRecipe !== undefined)
    checkOutput(options.writeRecipe, { force, inputs: protect, endings: ['json'] })
  const result = await swapAndMeasure(model, {
    ...{ rewrite: options.to, layers, seed, images, threads, measure: !dryRun },
    inputs: options.input ?? openInputs(model, image),
    settings,
    target,
    timing: isTimed ? await timingRuntime(options) : undefined,
    data: recipe && { ...recipe, open: async (task) => ({ train: await imageSource(recipe, {}, task, io).open() }) },
    files: output === undefined ? undefined : { given: path, swapped: output, epochs },
    onNotice: () => {},
    ...task,
  })
  const written = dryRun ? undefined : writeModelFile(result.model, output!, { force, protect })
  if (written && options.writeRecipe !== undefined)
    writeWholeFile(options.writeRecipe, `${JSON.stringify(result.recipe, null, 2)}\n`, { force, inputs: protect })
  io.out(print(path, { ...result, written }, image, options, io))
}

function print(path: string, result: SwapResult, image: GivenRecipe['image'], options: Options, io: Io): string {
  const { model: _, comparison, recipe: next, reordered, ...numbers } = result
  const report = { ...options, recipe: options.writeRecipe, assumed: image && assumptionText(image) }
  return options.json
    ? toJson({
        ...{ model: path, to: options.to, ...numbers, next, recipe: options.writeRecipe },
        assumed: image?.assumed ?? [],
        reordered: Object.fromEntries(reordered),
        totals: comparison.totals,
        unsupported: comparison.a.unsupported,
      })
    : terminalText(swapReport(path, result, report), io)
}

const targets = ['energy', 'targetMacs', 'targetMs', 'faster']

/** Of all that say how large layers become one alone is given. */
function target(flags: string, text: string, parser: (text: string) => unknown): Option {
  const option = new Option(flags, text).argParser(parser)
  return option.conflicts(targets.filter((name) => name !== option.attributeName()))
}

function targetOf({ energy, targetMacs, targetMs, faster }: Options): SwapOptions['target'] {
  if (energy !== undefined) return { energy }
  if (targetMs !== undefined) return { milliseconds: targetMs }
  if (faster !== undefined) return { faster }
  return targetMacs && { macs: targetMacs }
}

function energy(text: string): number {
  const value = portion(text)
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError('Give a part above 0, at most 1, as in 0.95 or 95%.')
  return value
}

function layers(glob: string): NamePattern {
  if (glob === '') throw new InvalidArgumentError("Give the name of a layer or a pattern, as in '*layer3*'.")
  return namePattern(glob)
}
