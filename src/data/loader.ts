import { KerfError, seededRandom, seedFrom, shuffle } from '../base/index.ts'
import { ahead } from './ahead.ts'
import { counting } from './random.ts'
import { elementsOf, type ImageShape } from './transforms/step.ts'
import { stepsOf } from './transforms/steps.ts'
import type { Batch, ImageSet, Loader, LoaderOptions } from './types.ts'

/**
 * Batches of a set for training or evaluation.
 * @throws KerfError `bad-options`, `bad-transform`, `no-images`, `too-few-images` (training with less than one batch)
 */
export function createLoader(set: ImageSet, options: LoaderOptions): Loader {
  const { batchSize, transforms = [], seed = 0, training } = options
  check(Number.isInteger(batchSize) && batchSize >= 1, `batchSize is ${batchSize}; give a whole number of at least 1`)
  check(Number.isSafeInteger(seed), `seed is ${seed}; give a whole number`)
  if (set.count === 0) throw new KerfError('no-images', 'The data set has no images.')
  if (training && set.count < batchSize)
    throw new KerfError(
      'too-few-images',
      `${set.count} images do not fill a batch of ${batchSize}. Use a smaller batch (--batch-size), or more images.`,
      { count: set.count, batchSize },
    )
  const shape: ImageShape = [set.channels, set.height, set.width]
  const steps = stepsOf(transforms, shape, training)
  const shapes = [shape, ...steps.map((step) => step.shape)]
  const classes = set.classes.length
  const batches = training ? Math.floor(set.count / batchSize) : Math.ceil(set.count / batchSize)

  /** Where images lie before the first step and after each: one array for as long as the shape stays, the last one the batch's own. */
  function stages(images: Float32Array, others: Map<ImageShape, Float32Array>): Float32Array[] {
    const arrays: Float32Array[] = []
    for (let i = shapes.length - 1; i >= 0; i--) {
      const [shape, next] = [shapes[i]!, shapes[i + 1]]
      if (next === undefined) arrays.unshift(images)
      else if (isSame(shape, next)) arrays.unshift(arrays[0]!)
      else {
        const array = others.get(next) ?? new Float32Array(batchSize * elementsOf(shape))
        others.set(next, array)
        arrays.unshift(array)
      }
    }
    return arrays
  }

  async function* epochFrom(epoch: number, firstBatch: number): AsyncGenerator<Batch, void, undefined> {
    const order = counting(set.count)
    if (training) shuffle(order, seededRandom(seedFrom(seed, `order of epoch ${epoch}`)))
    const between = new Map<ImageShape, Float32Array>()
    const buffers = [0, 1].map(() => {
      const images = new Float32Array(batchSize * elementsOf(shapes.at(-1)!))
      return {
        images,
        targets: new Float32Array(batchSize * classes),
        labels: new Int32Array(batchSize),
        stages: stages(images, between),
      }
    })

    async function prepare(batch: number): Promise<Batch> {
      const { images, targets, labels, stages } = buffers[batch % 2]!
      const indices = order.subarray(batch * batchSize, (batch + 1) * batchSize)
      const count = indices.length
      await readAll(set, indices, stages[0]!)
      targets.fill(0)
      labels.fill(0)
      indices.forEach((index, i) => {
        labels[i] = set.labels[index]!
        targets[i * classes + (labels[i] as number)] = 1
      })
      const random = seededRandom(seedFrom(seed, `epoch ${epoch} batch ${batch}`))
      steps.forEach((step, i) => {
        step.run(stages[i]!, stages[i + 1]!, { count, classes, targets, random })
      })
      images.fill(0, (images.length / batchSize) * count)
      return { images, targets, labels, count }
    }

    let next = ahead(() => prepare(firstBatch))
    try {
      for (let batch = firstBatch; batch < batches; batch++) {
        const ready = await next.result()
        // Its arrays are those of the batch before, which nobody uses any more.
        if (batch + 1 < batches) next = ahead(() => prepare(batch + 1))
        yield ready
      }
    } finally {
      next.cancel()
    }
  }

  return {
    classes,
    shape: shapes.at(-1)!,
    batchSize,
    batches,
    images: training ? batches * batchSize : set.count,
    epoch(epoch, firstBatch = 0) {
      check(Number.isInteger(epoch) && epoch >= 0, `epoch is ${epoch}; give a whole number of at least 0`)
      check(
        Number.isInteger(firstBatch) && firstBatch >= 0 && firstBatch <= batches,
        `firstBatch is ${firstBatch}; an epoch has the batches 0 to ${batches - 1}`,
      )
      return { [Symbol.asyncIterator]: () => epochFrom(epoch, firstBatch) }
    },
  }
}

const isSame = (a: ImageShape, b: ImageShape): boolean => a.every((size, i) => size === b[i])

async function readAll(set: ImageSet, indices: Int32Array, into: Float32Array): Promise<void> {
  const elements = elementsOf([set.channels, set.height, set.width])
  const waiting: Promise<void>[] = []
  indices.forEach((index, i) => {
    const reading = set.read(index, into.subarray(i * elements, (i + 1) * elements))
    if (reading) waiting.push(reading)
  })
  if (waiting.length > 0) await Promise.all(waiting)
}

function check(holds: boolean, problem: string): void {
  if (!holds) throw new KerfError('bad-options', `${problem}.`)
}
