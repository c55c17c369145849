import { type Command, InvalidArgumentError, Option } from 'commander'
import { elementCount, KerfError, type NamePattern, namePattern, seededRandom, type Task } from '../../base/index.ts'
import { compareProfiles, profileModel } from '../../cost/index.ts'
import { bindInputs, graphInputs, type Model } from '../../graph/index.ts'
import { imageShapes } from '../../image/index.ts'
import { netNameOf } from '../../nets/index.ts'
import { writeModelFile } from '../../onnx/index.node.ts'
import { toJson } from '../../report/index.ts'
import {
  measureStatistics,
  type StatisticsFeeds,
  type StatisticsImages,
  swapToAdder,
} from '../../rewrite/index.node.ts'
import { hostTensor } from '../../runtime/index.ts'
import { parseRecipe, type Recipe } from '../../train/index.node.ts'
import { imagesFor, randomFeeds, spread } from '../../workflow/index.ts'
import { addDataOptions, type DataOptions, dataRecipe, openRecipeData } from '../data/given-data.ts'
import { UsageError } from '../errors.ts'
import { filesOfGiven, givenModel, modelArgument, modelFile } from '../given-model.ts'
import type { Io } from '../io.ts'
import { type InputShapes, inputShape, positiveInteger } from '../options.ts'
import { checkOutput, writeWholeFile } from '../output.ts'
import { modelEndings } from '../output-type.ts'
import { terminalText } from '../print.ts'
import { swapReport } from '../swap-report.ts'
import { withTask } from '../task.ts'
import { epochsFlag, imageFlagsHelp, seedFlag, threadsFlag } from '../vocabulary.ts'

interface Options extends DataOptions {
  readonly output?: string
  readonly to: 'adder'
  readonly layers?: NamePattern
  readonly keepWeights?: boolean
  readonly seed: number
  readonly input?: InputShapes
  readonly images: number
  readonly recipe?: string
  readonly epochs: number
  readonly threads: number
  readonly fullNames?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
  readonly force?: boolean
}

const examples = `
Examples:
  kerf swap resnet20.onnx -o adder.onnx --to adder --data data/cifar10 --recipe distil.json
  kerf swap model.onnx -o adder.onnx --to adder --layers '*layer3*' --keep-weights
  kerf swap model.onnx --to adder --dry-run

Convolutions become adder convolutions, each with BatchNormalization behind it. The first convolution and the classifier stay ordinary, as in
AdderNet; --layers names others, and then these too. Weights are drawn anew from N(0, 1). Means and variances of BatchNormalization are measured
on training images, without --data on noise. What comes out must be trained: --recipe writes how, with the given network as the teacher, at the
rate of networks with fresh weights (0.1).
${imageFlagsHelp}`

export function define(command: Command, io: Io): void {
  addDataOptions(
    command
      .argument('<model>', modelArgument, modelFile)
      .option('-o, --output <file>', 'the network with other layers')
      .addOption(new Option('--to <kind>', 'what layers become').choices(['adder']).makeOptionMandatory())
      .option('--layers <glob>', "which layers, by name, as in '*layer3*'", layers)
      .option('--keep-weights', 'keep the weights instead of drawing new ones')
      .addOption(seedFlag('draws weights and noise'))
      .option(
        '-i, --input <shape>',
        'shape of an input, where the file leaves it open: N,C,H,W, or name:N,C,H,W (repeatable)',
        inputShape,
      ),
    'images to measure statistics on',
  )
    .addOption(new Option('--images <n>', 'how many of them').argParser(positiveInteger).default(64))
    .option('--recipe <file>', 'write a training recipe with the given network as teacher (takes --data)')
    .addOption(epochsFlag('of that recipe').default(50))
    .addOption(threadsFlag())
    .option('--full-names', 'names of layers as the file has them')
    .option('--dry-run', 'show what would be done, write and run nothing')
    .option('--json', 'print JSON')
    .option('--force', 'replace the output if it exists')
    .addHelpText('after', examples)
    .action((path: string, options: Options) => withTask(io, (task, io) => swap(path, options, task, io)))
}

async function swap(path: string, options: Options, task: Task, io: Io): Promise<void> {
  const { output, dryRun, force, seed, threads, keepWeights } = options
  if (output === undefined && !dryRun)
    throw new UsageError('Say where the new network goes: -o adder.onnx (or --dry-run to write nothing).')
  if (options.recipe !== undefined && options.data === undefined)
    throw new UsageError('A recipe needs data: say which, as in --data mnist:FOLDER.')
  if (options.recipe !== undefined && netNameOf(path) !== undefined)
    throw new UsageError(`A teacher is a trained network, and ${path} is not: leave out --recipe, or train it first.`)
  const model = givenModel(path)
  const data = dataRecipe(model, options)?.recipe
  const protect = filesOfGiven(path, model)
  if (!dryRun && output !== undefined) checkOutput(output, { force, inputs: protect, endings: modelEndings })
  if (!dryRun && options.recipe !== undefined)
    checkOutput(options.recipe, { force, inputs: protect, endings: ['json'] })
  const swapped = swapToAdder(model, { layers: options.layers, keepWeights, seed })
  const inputs = options.input ?? imageShapes(model)
  const [before, after] = [[path, model] as const, [output ?? 'with adder layers', swapped.model] as const].map(
    ([name, m]) => profileModel(m, { name, inputs }),
  ) as [ReturnType<typeof profileModel>, ReturnType<typeof profileModel>]
  const comparison = compareProfiles(before, after)
  const result = { ...swapped, comparison, statistics: data ? ('data' as const) : ('noise' as const) }
  const next = output === undefined ? undefined : trainingRecipe(path, output, options.epochs, data)
  if (dryRun) {
    io.out(print(path, result, options, io))
    return
  }
  const images = data ? await dataImages(model, data, options.images, task) : noise(model, options)
  const measured = await measureStatistics(swapped.model, images, {
    threads,
    onNotice: () => {},
    ...task,
    behind: new Set(swapped.swapped.map((l) => l.node)),
  })
  const written = writeModelFile(measured, output!, { force, protect })
  if (options.recipe !== undefined)
    writeWholeFile(options.recipe, `${JSON.stringify(next, null, 2)}\n`, { force, inputs: protect })
  io.out(print(path, { ...result, written, next }, options, io))
}

type Printed = Parameters<typeof swapReport>[1]

function print(path: string, result: Printed, options: Options, io: Io): string {
  const { model: _, comparison, ...numbers } = result
  return options.json
    ? toJson({
        model: path,
        to: options.to,
        ...numbers,
        recipe: options.recipe,
        totals: comparison.totals,
        unsupported: comparison.a.unsupported,
      })
    : terminalText(swapReport(path, result, options), io)
}

/** Random numbers for every input: 16 images or fewer where the file leaves their number open, and nobody says it. */
function noise(model: Model, { input, images, seed }: Options): StatisticsImages | StatisticsFeeds {
  const { inputShapes } = bindInputs(model.graph, input ?? imageShapes(model))
  const shapes = graphInputs(model.graph).map(({ name, type }) => {
    const [first, ...rest] = (inputShapes?.get(name) ?? []) as readonly number[]
    const isOpen = !input && type?.kind === 'tensor' && typeof type.shape?.[0] !== 'number'
    return [name, first === undefined ? [] : [isOpen ? Math.min(images, 16) : first, ...rest]] as const
  })
  const [only, ...others] = shapes
  if (!only) throw new KerfError('unsupported-input', 'The model has no input.')
  if (others.length > 0) {
    const feeds = randomFeeds(model, new Map(shapes), seed)
    return { feeds: Object.fromEntries(feeds.map((f) => [f.name, hostTensor(f.elementType, f.shape, f.values)])) }
  }
  const [, shape] = only
  const random = seededRandom(seed)
  return { shape, data: Float32Array.from({ length: elementCount(shape)! }, random.normal) }
}

async function dataImages(model: Model, recipe: Recipe, images: number, task: Task): Promise<StatisticsImages> {
  const set = spread((await openRecipeData(recipe, task)).train, images)
  const { shape, batches } = imagesFor(model, set, recipe.transforms, set.count)
  for await (const batch of batches) return { shape: [set.count, ...shape], data: batch.images }
  throw new KerfError('no-data', 'There are no training images.')
}

/** A training with the network as it was for a teacher; checked here, so that kerf train takes it. */
function trainingRecipe(
  teacher: string,
  onnx: string,
  epochs: number,
  data: Recipe | undefined,
): Record<string, unknown> {
  const recipe = {
    model: { onnx },
    data: data?.data ?? { kind: 'generated' },
    ...(data && data.transforms.length > 0 ? { transforms: data.transforms } : {}),
    output: `${onnx.replace(/\.onnx$/i, '')}-run`,
    epochs,
    learningRate: 0.1,
    distillation: { teacher },
  }
  parseRecipe(recipe)
  return recipe
}

function layers(glob: string): NamePattern {
  if (glob === '') throw new InvalidArgumentError("Give the name of a layer or a pattern, as in '*layer3*'.")
  return namePattern(glob)
}
