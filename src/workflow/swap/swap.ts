import { KerfError, seededRandom, stoppable, type Task } from '../../base/index.ts'
import { type Comparison, compareProfiles, type Profile, profileModel } from '../../cost/index.ts'
import type { DataSets, Transform } from '../../data/index.ts'
import {
  type Analysis,
  analyse,
  bindInputs,
  graphInputs,
  inFloat32,
  type Model,
  type OperatorSet,
  simplified,
} from '../../graph/index.ts'
import { imageShapes } from '../../image/index.ts'
import { type ModelSource, modelOf } from '../../onnx/index.ts'
import { prunableOperators, runnableOperators } from '../../ops/index.ts'
import { type RecoveredStep, type RecoveryError, recoverTowards } from '../../prune/index.ts'
import {
  measureStatistics,
  type Rewrite,
  type RewriteOptions,
  type RewriteResult,
  type RewriteTarget,
  rewriteModel,
  rewriteOf,
  type StatisticsFeeds,
  type StatisticsImages,
  type SwappedLayer,
} from '../../rewrite/index.ts'
import { hostTensor, type RunningOptions } from '../../runtime/index.ts'
import { parseRecipe, type Recipe, type RecipeInput } from '../../train/index.ts'
import { imagesFor, spread } from '../images.ts'
import { randomFeeds } from '../prove/feeds.ts'
import { kerfTiming, type TimingRuntime } from '../times/runtimes.ts'
import { type CostChange, costChange } from './costs.ts'
import { type InTime, type TimeLimit, targetInTime } from './in-time.ts'
import { layerTimes, networkTimes, type TimeChange } from './times.ts'

/** What layers become, and what the new network is measured on. */
export interface SwapOptions<S extends object = object> extends Omit<RewriteOptions<S>, 'target'>, RunningOptions {
  /** One of `rewrites` by its name, or one of your own. */
  readonly rewrite: string | Rewrite<S>
  /** How large layers become: as rewrites take it, or by a time that `timing` measures. */
  readonly target?: RewriteTarget | TimeLimit
  /** Where layers and networks are timed. By default `kerfTiming` for targets in time, and else they are not. */
  readonly timing?: TimingRuntime
  /**
   * Training images. Statistics are measured on them, and of rewrites that approximate layers the weights are solved for by least squares; by default statistics are measured on noise
   * where the new layers must learn anew.
   */
  readonly data?: (
    | Pick<Recipe, 'data' | 'transforms'>
    // Without a place that a recipe could name.
    | { readonly data?: undefined; readonly transforms: readonly Transform[] }
  ) & {
    /** Called when the layers are exchanged. */
    readonly open: (task: Task) => Promise<Pick<DataSets, 'train'>>
  }
  /** How many images, spread over the whole set; of noise 16 at most. Default 512 for least squares, 64 for statistics alone. */
  readonly images?: number
  /** False: nothing is run, and statistics stay what they were. */
  readonly measure?: boolean
  /** Files of both networks: asks for a recipe that trains the new one. */
  readonly files?: {
    /** Path of the given one: the teacher. */
    readonly given: string
    /** Path of the new one. */
    readonly swapped: string
    /** Default 50. */
    readonly epochs?: number
  }
}

/** A layer that was exchanged, and what that changed. */
export interface SwappedAndMeasured extends SwappedLayer {
  /** What it cost, and what those cost that stand in its place. */
  readonly cost: CostChange
  /** How far it is from what it gave, on images that are held out, before and after least squares; each in the network as it has become in front of it. */
  readonly outputError?: RecoveryError
  /** What it takes alone, measured in turns with what it was. */
  readonly time?: TimeChange
}

/** A network with other layers, what it costs, and how it is trained. */
export interface Swapped extends RewriteResult {
  readonly swapped: readonly SwappedAndMeasured[]
  /** Of both networks' costs. */
  readonly comparison: Comparison
  /** What means and variances are measured on; `kept` where they stay what they were. */
  readonly statistics: 'data' | 'noise' | 'kept'
  /** What least squares and statistics on images made of the network: its outputs, and its layers. */
  readonly recovery?: readonly RecoveredStep[]
  /** How many images that was done on; every fourth of them only judged. */
  readonly images?: number
  /** What the network takes, measured in turns with the given one. */
  readonly time?: TimeChange
  /** What a target in time came to. */
  readonly inTime?: InTime
  /** With the given network as the teacher, where `files` asked for it: at the rate of networks with fresh weights, or a tenth of it where layers are approximated. */
  readonly recipe?: RecipeInput
}

/**
 * Exchanges layers; measures what that changes, and on images makes it less.
 * @param source a model in any form; in browsers a text is an address, in Node a path
 * @throws KerfError as `rewriteModel`, `recover` and `measureStatistics`; `out-of-reach` for a time that is not reached; `wrong-data`, `no-data`, `unsupported-input`, `too-large` for what
 *   is run; `bad-recipe`
 */
export const swapAndMeasure = <S extends object>(source: ModelSource, options: SwapOptions<S>): Promise<Swapped> =>
  stoppable('Swapping layers', async () => swapped(await modelOf(source, options), options), options)

async function swapped(file: Model, options: SwapOptions): Promise<Swapped> {
  const { data, files, measure = true, operators = runnableOperators, signal, progress, target } = options
  const task = { signal, progress }
  const inputs = options.inputs ?? imageShapes(file)
  const rewrite = rewriteOf(options.rewrite)
  const { approximates = false } = rewrite
  // As layers are named and counted from here on.
  const given = simplified(data ? inFloat32(file) : file, operators)
  const timing = options.timing ?? (isTime(target) ? kerfTiming(options) : undefined)
  const inTime = timing && isTime(target) ? targetInTime(given, target, inputs, timing, task) : undefined
  const chosen = inTime?.target ?? (isTime(target) ? undefined : target)
  const result = await rewriteModel(given, rewrite, { ...options, inputs, target: chosen })
  const [before, after] = [given, result.model].map((model) => profileModel(model, { inputs, operators })) as [
    Profile,
    Profile,
  ]
  const costs = result.swapped.map((layer) => costChange(layer, before, after))
  const outcome: Swapped = {
    ...result,
    swapped: result.swapped.map((layer, i) => ({ ...layer, cost: costs[i]! })),
    comparison: compareProfiles(before, after),
    statistics: data ? 'data' : approximates ? 'kept' : 'noise',
    inTime: inTime?.outcome(),
    ...(files ? { recipe: distillationRecipe(files, data, approximates) } : {}),
  }
  if (!measure) return outcome
  const better = await withImages(given, outcome, approximates, inputs, options)
  return timing ? withTimes(given, better, inputs, operators, timing, task) : better
}

export const isTime = (target: SwapOptions['target']): target is TimeLimit =>
  target !== undefined && ('milliseconds' in target || 'faster' in target)

/** With weights and statistics as they should be on images, or statistics on noise. */
async function withImages(
  given: Model,
  outcome: Swapped,
  approximates: boolean,
  inputs: ReadonlyMap<string, readonly number[]>,
  options: SwapOptions,
): Promise<Swapped> {
  const { data, signal, progress, operators } = options
  const task = { signal, progress }
  if (outcome.statistics === 'kept') return outcome
  if (data && approximates) {
    const set = spread((await data.open(task)).train, options.images ?? 512)
    const images = imagesFor(given, set, data.transforms)
    const { reordered } = outcome
    const running = { ...options, operators: operators ?? prunableOperators, reordered }
    const { model, steps } = await recoverTowards(outcome.model, given, { ...running, images })
    const solved = steps.find((s) => s.name === 'least-squares')
    const errors = new Map(solved?.layers.map((l) => [l.layer, l]))
    const layers = outcome.swapped.map((layer) => {
      const own = layer.nodes.map((node) => errors.get(node)).find((e) => e !== undefined)
      if (!own) return layer
      const { before, after } = own
      return { ...layer, outputError: { before, after: solved?.kept ? after : before } }
    })
    return { ...outcome, model, swapped: layers, recovery: steps, images: set.count }
  }
  const images = data ? await dataImages(given, data, options, task) : noise(given, inputs, options)
  const behind = new Set(outcome.swapped.flatMap((layer) => layer.nodes))
  return { ...outcome, model: await measureStatistics(outcome.model, images, { ...options, behind }) }
}

async function withTimes(
  given: Model,
  outcome: Swapped,
  inputs: ReadonlyMap<string, readonly number[]>,
  operators: OperatorSet,
  timing: TimingRuntime,
  task: Task,
): Promise<Swapped> {
  const [before, after] = [given, outcome.model].map((model) =>
    analyse(model, operators, bindInputs(model.graph, inputs)),
  ) as [Analysis, Analysis]
  const { swapped } = outcome
  const times = await layerTimes({ before, after, swapped }, timing, task)
  const time = await networkTimes([given, outcome.model], inputs, timing, task)
  return { ...outcome, swapped: swapped.map((layer, i) => ({ ...layer, time: times[i] })), time }
}

async function dataImages(
  model: Model,
  { open, transforms }: NonNullable<SwapOptions['data']>,
  { images = 64 }: SwapOptions,
  task: Task,
): Promise<StatisticsImages> {
  const set = spread((await open(task)).train, images)
  const { shape, batches } = imagesFor(model, set, transforms, set.count)
  for await (const batch of batches) return { shape: [set.count, ...shape], data: batch.images }
  throw new KerfError('no-data', 'There are no training images.')
}

/** Random numbers for every input: 16 images or fewer where the file leaves their number open, and nobody says it. */
function noise(
  model: Model,
  given: ReadonlyMap<string, readonly number[]>,
  { inputs, images = 64, seed = 0 }: SwapOptions,
): StatisticsImages | StatisticsFeeds {
  const { inputShapes } = bindInputs(model.graph, given)
  const shapes = graphInputs(model.graph).map(({ name, type }) => {
    const [first, ...rest] = (inputShapes?.get(name) ?? []) as readonly number[]
    const isOpen = !inputs && type?.kind === 'tensor' && typeof type.shape?.[0] !== 'number'
    return [name, first === undefined ? [] : [isOpen ? Math.min(images, 16) : first, ...rest]] as const
  })
  const feeds = randomFeeds(model, new Map(shapes), seededRandom(seed))
  const [only, ...others] = feeds
  if (only?.elementType === 'float32' && others.length === 0)
    return { shape: only.shape, data: Float32Array.from(only.values) }
  return { feeds: Object.fromEntries(feeds.map((f) => [f.name, hostTensor(f.elementType, f.shape, f.values)])) }
}

/** Checked here, so that a training takes it. */
function distillationRecipe(
  { given, swapped, epochs = 50 }: NonNullable<SwapOptions['files']>,
  data: SwapOptions['data'],
  approximates: boolean,
): RecipeInput {
  const recipe: RecipeInput = {
    model: { onnx: swapped },
    ...(data?.data
      ? { data: data.data, ...(data.transforms.length > 0 ? { transforms: data.transforms } : {}) }
      : { data: { kind: 'generated' } }),
    output: `${swapped.replace(/\.onnx$/i, '')}-run`,
    epochs,
    learningRate: approximates ? 0.01 : 0.1,
    distillation: { teacher: given },
  }
  parseRecipe(recipe)
  return recipe
}
