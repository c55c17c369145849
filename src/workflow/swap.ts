import { KerfError, seededRandom, stoppable, type Task } from '../base/index.ts'
import { type Comparison, compareProfiles, profileModel } from '../cost/index.ts'
import type { DataSets } from '../data/index.ts'
import { bindInputs, graphInputs, type Model } from '../graph/index.ts'
import { imageShapes } from '../image/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.ts'
import {
  measureStatistics,
  type Rewrite,
  type RewriteOptions,
  type RewriteResult,
  rewriteModel,
  rewriteOf,
  type StatisticsFeeds,
  type StatisticsImages,
} from '../rewrite/index.ts'
import { hostTensor, type RunningOptions } from '../runtime/index.ts'
import { parseRecipe, type Recipe, type RecipeInput } from '../train/index.ts'
import { imagesFor, spread } from './images.ts'
import { randomFeeds } from './prove/feeds.ts'

/** What layers become, and what the new network is measured on. */
export interface SwapOptions<S extends object = object> extends RewriteOptions<S>, RunningOptions {
  /** One of `rewrites` by its name, or one of your own. */
  readonly rewrite: string | Rewrite<S>
  /** Training images that statistics are measured on; by default noise, where the new layers must learn anew, and else nothing. */
  readonly data?: Pick<Recipe, 'data' | 'transforms'> & {
    /** Called when the layers are exchanged. */
    readonly open: (task: Task) => Promise<Pick<DataSets, 'train'>>
  }
  /** How many images, spread over the whole set; of noise 16 at most. Default 64. */
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

/** A network with other layers, what it costs, and how it is trained. */
export interface Swapped extends RewriteResult {
  /** Of both networks' costs. */
  readonly comparison: Comparison
  /** What means and variances are measured on; `kept` where they stay what they were. */
  readonly statistics: 'data' | 'noise' | 'kept'
  /** With the given network as the teacher, at the rate of networks with fresh weights; where `files` asked for it. */
  readonly recipe?: RecipeInput
}

/**
 * Exchanges layers, and measures the statistics of BatchNormalization behind them.
 * @param source a model in any form; in browsers a text is an address, in Node a path
 * @throws KerfError as `rewriteModel` and `measureStatistics`; `wrong-data`, `no-data`, `unsupported-input`, `too-large` for what is run; `bad-recipe`
 */
export const swapAndMeasure = <S extends object>(source: ModelSource, options: SwapOptions<S>): Promise<Swapped> =>
  stoppable('Swapping layers', async () => {
    const given = await modelOf(source, options)
    const { data, files, measure = true, operators, signal, progress } = options
    const inputs = options.inputs ?? imageShapes(given)
    const rewrite = rewriteOf(options.rewrite)
    const result = await rewriteModel(given, rewrite, { ...options, inputs })
    const [before, after] = [given, result.model].map((model) => profileModel(model, { inputs, operators }))
    const swapped: Swapped = {
      ...result,
      comparison: compareProfiles(before!, after!),
      statistics: data ? 'data' : rewrite.approximates ? 'kept' : 'noise',
      ...(files ? { recipe: distillationRecipe(files, data) } : {}),
    }
    if (!measure || swapped.statistics === 'kept') return swapped
    const images = data ? await dataImages(given, data, options, { signal, progress }) : noise(given, inputs, options)
    const behind = new Set(result.swapped.flatMap((layer) => layer.nodes))
    return { ...swapped, model: await measureStatistics(result.model, images, { ...options, behind }) }
  })

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
): RecipeInput {
  const recipe: RecipeInput = {
    model: { onnx: swapped },
    data: data?.data ?? { kind: 'generated' },
    ...(data && data.transforms.length > 0 ? { transforms: data.transforms } : {}),
    output: `${swapped.replace(/\.onnx$/i, '')}-run`,
    epochs,
    learningRate: 0.1,
    distillation: { teacher: given },
  }
  parseRecipe(recipe)
  return recipe
}
