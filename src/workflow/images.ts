import { KerfError, type Shape } from '../base/index.ts'
import { type Batch, createLoader, type ImageSet, type Loader, subset, type Transform } from '../data/index.ts'
import {
  axesOf,
  fixesBatch,
  freeBatch,
  graphInputs,
  type ImageLayout,
  imageLayoutOf,
  type Model,
  simplified,
  type ValueInfo,
} from '../graph/index.ts'
import { layoutOf } from '../image/index.ts'
import { runnableOperators } from '../ops/index.ts'

/* Images of a data set as a model takes them. */

/** At most so many images (`most`), evenly from the whole of a set: sets may be sorted by class. */
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

/**
 * The model for batches of so many images, where its file fixes another number.
 * @throws KerfError `fixed-batch` where it cannot be freed of that
 */
export const forBatch = (model: Model, size: number): Model =>
  fixesBatch(model, size) ? freeBatch(simplified(model, runnableOperators), runnableOperators) : model

/**
 * Images in order, for `evaluate`.
 * @param model that will be evaluated
 * @param set of labelled images
 * @param transforms what happens to the images; those that only training has are left out
 * @param batchSize default: what the model's input fixes, otherwise at most 64
 */
export const evaluationLoader = (
  model: Model,
  set: ImageSet,
  transforms: readonly Transform[],
  batchSize = fixedBatch(model) ?? Math.max(1, Math.min(64, set.count)),
): Loader => createLoader(set, { batchSize, transforms, training: false })

/**
 * What a model is counted and run for that is given images: one of them, where the file leaves sizes open.
 * @returns undefined where it leaves none open
 */
export function inputsForImages(
  { graph }: Model,
  { shape }: Pick<ModelImages, 'shape'>,
): ReadonlyMap<string, readonly number[]> | undefined {
  const [input] = graphInputs(graph)
  const declared = input?.type?.kind === 'tensor' ? input.type.shape : undefined
  return !input || declared?.every((d) => typeof d === 'number') ? undefined : new Map([[input.name, [1, ...shape]]])
}

/** Images as a model's input has them. */
export interface ModelImages {
  /** Of one image. */
  readonly shape: readonly number[]
  /** Images in every batch; the last one is filled up. */
  readonly batchSize: number
  /** Every iteration gives them anew. A batch's arrays are valid until the next one is asked for; behind `count` images they hold zeros. */
  readonly batches: AsyncIterable<Pick<Batch, 'images' | 'targets' | 'count'>>
}

/**
 * Images as a model takes them, channels first or last, in order, in batches of its size.
 * @param transforms applied to each image, in order
 * @param batchSize by default that of the model, where it fixes none 64
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
    batches: layout === 'NCHW' ? loader.epoch(0) : { [Symbol.asyncIterator]: () => channelsLast(loader) },
  }
}

async function* channelsLast(loader: Loader): AsyncGenerator<Pick<Batch, 'images' | 'targets' | 'count'>> {
  const [channels, height, width] = loader.shape
  const area = height * width
  const into = new Float32Array(loader.batchSize * channels * area)
  for await (const { images, targets, count } of loader.epoch(0)) {
    images.forEach((value, i) => {
      const [plane, at] = [Math.floor(i / area), i % area]
      const [image, channel] = [Math.floor(plane / channels), plane % channels]
      into[(image * area + at) * channels + channel] = value
    })
    yield { images: into, targets, count }
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
