import type { Command } from 'commander'
import { KerfError, NodeError, type Shape, type Task } from '../../base/index.ts'
import { openData } from '../../data/index.node.ts'
import {
  createLoader,
  type DataSets,
  type ImageSet,
  type Loader,
  subset,
  type Transform,
  withClasses,
} from '../../data/index.ts'
import {
  analyse,
  axesOf,
  graphInputs,
  type ImageLayout,
  imageLayoutOf,
  type Model,
  simplified,
  type ValueInfo,
} from '../../graph/index.ts'
import { imageMetadata, imageShapes, layoutOf, type ResolvedPreprocessing } from '../../image/index.ts'
import { operators } from '../../ops/index.ts'
import { type Recipe, readingOf } from '../../train/index.node.ts'
import type { GivenData } from '../train/data-option.ts'
import { readRecipe } from '../train/read-recipe.ts'
import { parseGivenRecipe, type RecipeFlags, withRecipeFlags } from '../train/recipe-flags.ts'
import { addImageFlags, dataFlag, setFlag } from '../vocabulary.ts'
import { transformsFor, withFlags } from './transforms.ts'

/* What commands that look at data, but do not train, have in common: which data, and what happens to the images on their way to the network. */

export type DataOptions = Omit<RecipeFlags, 'model'>

export const addDataOptions = (command: Command, what: string): Command =>
  addImageFlags(command.addOption(dataFlag(what))).addOption(
    setFlag('a field of a recipe that has no flag: data.classes …'),
  )

/** Pictures are drawn no larger: it takes long, and transforms enlarge them. */
const mostDrawn = 64

/**
 * Generated pictures as a model takes them: its channels, its size, its classes, where the option says none of them. Other data stay as they are.
 * @param given classes of a new classifier; undefined: those of the model
 */
export function dataFor(model: Model, data: GivenData | undefined, given?: number | 'data'): GivenData | undefined {
  if (data?.kind !== 'generated') return data
  const [input, ...others] = graphInputs(model.graph)
  const shape = shapeOfInput(model)
  if (!input || others.length > 0 || shape?.length !== 4) return data
  const classes = given ?? classesOf(model)
  const [channels, height, width] = inChannelsFirst(layoutOf(input), shape)
  const size = Math.max(Number(height), Number(width))
  return {
    ...(channels === 1 || channels === 3 ? { channels } : {}),
    ...(size >= 4 ? { size: Math.min(size, mostDrawn) } : {}),
    ...(classes === undefined || classes === 'data' ? {} : { classes }),
    ...data,
  }
}

/** What the graph says of its only input's shape, else what the file does. */
function shapeOfInput(model: Model): Shape | undefined {
  const [input] = graphInputs(model.graph)
  return imageShapes(model).get(input?.name ?? '') ?? (input?.type?.kind === 'tensor' ? input.type.shape : undefined)
}

/** Of the first output, [N, classes]; undefined where it is none. */
function classesOf(model: Model): number | undefined {
  try {
    const { values } = analyse(simplified(model, operators), operators, { inputShapes: imageShapes(model) })
    const [, classes] = values.get(model.graph.outputs[0]?.name ?? '')?.shape ?? []
    return typeof classes === 'number' && classes >= 2 ? classes : undefined
  } catch (error) {
    // What is wrong with a graph is said by those who run it.
    if (error instanceof NodeError) return undefined
    throw error
  }
}

/** Data and transforms as a recipe has them. */
export interface GivenRecipe {
  readonly recipe: Recipe
  /** How images become the input, and what was assumed; undefined where a recipe says it. */
  readonly image?: ResolvedPreprocessing
}

/**
 * Data and transforms: as flags say; else as a recipe, or else the model's file says.
 * @param source a recipe, or the folder of a run, to start from
 * @returns undefined where no data are given
 * @throws UsageError, KerfError as `readRecipe`, `transformsFor`, `parseGivenRecipe`
 */
export function dataRecipe(model: Model, options: DataOptions, source?: string): GivenRecipe | undefined {
  if (options.data === undefined && source === undefined) return undefined
  // What looking at data does not need.
  const least = { model: { onnx: '-' }, output: '-', epochs: 1, validation: 0 }
  const read = source === undefined ? least : (readRecipe(source) as { readonly transforms?: readonly Transform[] })
  const { transforms, image } =
    source === undefined
      ? transformsFor(model, options)
      : { transforms: withFlags((read as { transforms?: readonly Transform[] }).transforms ?? [], options) }
  const { seed, set } = options
  const data = dataFor(model, options.data)
  const given = withRecipeFlags({ ...read, transforms }, { data, seed, set })
  return { recipe: parseGivenRecipe(given, { data, seed, set }, source !== undefined), image }
}

export const openRecipeData = (recipe: Recipe, task: Task): Promise<DataSets> =>
  openData(recipe.data, { ...readingOf(recipe), ...task })

/**
 * A set whose labels are the numbers of the model's outputs, as far as names of classes tell.
 * @param names those of the model; by default those in its file
 */
export function inOrderOf(
  model: Model,
  set: ImageSet,
  names: readonly string[] | undefined = imageMetadata(model).classes,
): { readonly set: ImageSet; readonly notice?: string } {
  if (!names) return { set }
  const renamed = withClasses(set, names)
  if (renamed) return { set: renamed }
  const some = (all: readonly string[]) => `${all.slice(0, 3).join(', ')}${all.length > 3 ? ' …' : ''}`
  return {
    set,
    notice: `The data's classes (${some(set.classes)}) are not called as the model's (${some(names)}): they are taken in their order. --classes gives the model's names.`,
  }
}

/** At most so many images, from the whole of a set: sets may be sorted by class. */
export function spread(set: ImageSet, most: number): ImageSet {
  if (most >= set.count) return set
  return subset(
    set,
    Array.from({ length: most }, (_, i) => Math.floor((i * set.count) / most)),
  )
}

/** The batch size that a model's input fixes. */
export function fixedBatch({ graph }: Model): number | undefined {
  const [input] = graphInputs(graph)
  const first = input?.type?.kind === 'tensor' ? input.type.shape?.[0] : undefined
  return typeof first === 'number' ? first : undefined
}

/** Images in order, for `evaluate`: by default in batches of the model's size. */
export const evaluationLoader = (
  model: Model,
  set: ImageSet,
  transforms: readonly Transform[],
  batchSize = fixedBatch(model) ?? Math.max(1, Math.min(64, set.count)),
): Loader => createLoader(set, { batchSize, transforms, training: false })

/** Images as a model's input has them. */
export interface ModelImages {
  /** Of one image. */
  readonly shape: readonly number[]
  readonly batchSize: number
  /** A batch's arrays are valid until the next one is asked for; behind `count` images they hold zeros. */
  readonly batches: AsyncIterable<{ readonly images: Float32Array; readonly count: number }>
}

/**
 * Images as a model takes them, channels first or last, in order, in batches of its size.
 * @throws KerfError `wrong-data` where the images are not what the model's input is
 */
export function imagesFor(
  model: Model,
  set: ImageSet,
  transforms: readonly Transform[],
  batchSize?: number,
): ModelImages {
  const [input, ...others] = graphInputs(model.graph)
  if (!input || others.length > 0)
    throw new KerfError('wrong-data', `The model has ${others.length + 1} inputs; data sets are for networks with one.`)
  const loader = evaluationLoader(model, set, transforms, batchSize)
  const { shape: image } = loader
  const declared = input.type?.kind === 'tensor' ? input.type.shape : undefined
  const layout = declared ? imageLayoutOf(declared, [loader.batchSize, ...image]) : 'NCHW'
  if (!layout) throw refused(input, declared ?? [], image)
  const axes = axesOf[layout].slice(1)
  return {
    shape: axes.map((axis) => image[axis - 1]!),
    batchSize: loader.batchSize,
    batches: layout === 'NCHW' ? loader.epoch(0) : channelsLast(loader),
  }
}

async function* channelsLast(loader: Loader): AsyncGenerator<{ images: Float32Array; count: number }> {
  const [channels, height, width] = loader.shape
  const area = height * width
  const into = new Float32Array(loader.batchSize * channels * area)
  for await (const { images, count } of loader.epoch(0)) {
    images.forEach((value, i) => {
      const [plane, at] = [Math.floor(i / area), i % area]
      const [image, channel] = [Math.floor(plane / channels), plane % channels]
      into[(image * area + at) * channels + channel] = value
    })
    yield { images: into, count }
  }
}

/** Channels, height and width of a shape of four dimensions. */
const inChannelsFirst = (layout: ImageLayout, shape: Shape): Shape =>
  [1, 2, 3].map((d) => shape[axesOf[layout].indexOf(d)]!)

function refused(input: ValueInfo, declared: Shape, shape: readonly number[]): KerfError {
  const image = declared.slice(1)
  const [channels, height, width] = inChannelsFirst(layoutOf(input), declared)
  const remedy =
    image.length === 3 && channels === shape[0]
      ? ` Resize them: --resize ${height}x${width}.`
      : ' Give the data that the model is for.'
  return new KerfError(
    'wrong-data',
    `The images are ${shape.join('×')}, input "${input.name}" of the model is ${image.map((d) => d || '?').join('×')}.${remedy}`,
    { images: shape, input: image },
  )
}
