import { type Bounded, KerfError, type Task, turns } from '../base/index.ts'
import { graphInputs, type Model, type ValueInfo } from '../graph/index.ts'
import { openSession, type RunningOptions } from '../runtime/index.ts'

/*
 * Networks run on images: to see what values they hold, and how far another form of the network is off.
 */

/** Images one batch at a time, as the loaders of data/ give them. */
export interface CalibrationBatch {
  /** `batchSize` images as the network's input has them, [batchSize, C, H, W]; valid until the next batch is asked for. */
  readonly images: Float32Array
  /** How many of them are images; the rest is filled up. */
  readonly count: number
}

/** Images for calibration. */
export interface CalibrationImages {
  /** Of an image, as the network's input has it: [C, H, W]. */
  readonly shape: readonly number[]
  /** Images of a batch. */
  readonly batchSize: number
  /** Read once. */
  readonly batches: AsyncIterable<CalibrationBatch>
}

/** A batch that was kept. */
export interface KeptBatch {
  /** [count, C, H, W], or as many as the model's input takes, of which `count` are images. */
  readonly data: Float32Array
  readonly shape: readonly number[]
  readonly count: number
}

export interface ObserveOptions extends RunningOptions, Task, Bounded {
  /** What ranges follow from: a few hundred are enough. */
  readonly images: CalibrationImages
  /** Most images that are looked at; by default all. */
  readonly most?: number
}

/** Images that are looked at for what quantisation changed. */
const mostCompared = 16
/** Images on which means are corrected, up to a batch more. */
const mostKept = 64

/** @throws KerfError `unsupported-input` for a network with several inputs */
export function onlyInput(model: Model): ValueInfo {
  const [input, ...others] = graphInputs(model.graph)
  if (!input || others.length > 0)
    throw new KerfError(
      'unsupported-input',
      `The model has ${others.length + 1} inputs; calibration gives it images alone.`,
    )
  return input
}

/**
 * Runs a model on all images.
 * @param take is given every batch: values by name, of those images that are some
 * @param what is stopped
 * @returns the first batches, and how many images there were
 * @throws KerfError `no-data`; `constant-data` where all pixels or all images are the same; `aborted`
 */
export async function observeImages(
  model: Model,
  take: (values: (name: string) => Float32Array) => void,
  what: string,
  options: ObserveOptions,
): Promise<{ readonly kept: readonly KeptBatch[]; readonly count: number }> {
  const { most = Number.POSITIVE_INFINITY, signal, progress } = options
  const turn = turns(signal, what)
  const input = onlyInput(model).name
  const shape = [options.images.batchSize, ...options.images.shape]
  const session = await openSession(model, options)
  const variety = new Variety()
  const kept: KeptBatch[] = []
  let done = 0
  try {
    for await (const { images, count: filled } of options.images.batches) {
      await turn()
      const count = Math.min(filled, most - done)
      if (count <= 0) break
      if (done < mostKept) kept.push({ data: images.slice(), count, shape })
      variety.add(images, count, images.length / shape[0]!)
      const outputs = await session.run({ [input]: { elementType: 'float32', shape, data: images } }, { signal })
      take((name) => part(name === input ? images : outputs[name]?.data, count, shape[0]!))
      done += count
      progress?.({ what: 'calibrating', done, unit: 'images' })
      if (done >= most) break
    }
  } finally {
    await session.dispose()
  }
  if (kept.length === 0)
    throw new KerfError(
      'no-data',
      'There are no calibration images, and ranges follow from data. Give a data set with images.',
    )
  variety.check(done)
  return { kept, count: done }
}

/** So many images of a batch as differences are looked at on; all of it where the model's batch is fixed. */
export function fewOf(model: Model, batch: KeptBatch): KeptBatch {
  const { type } = onlyInput(model)
  const { data, count, shape } = batch
  if (type?.kind !== 'tensor' || typeof type.shape?.[0] === 'number') return batch
  const most = Math.min(mostCompared, count)
  return { data: data.subarray(0, (data.length / shape[0]!) * most), count: most, shape: [most, ...shape.slice(1)] }
}

/** The images' share of a batch that was filled up. */
const part = (data: ArrayLike<number | bigint> | undefined, count: number, batchSize: number): Float32Array => {
  const values = data as Float32Array
  return values.subarray(0, (values.length / batchSize) * count)
}

/** Whether there is anything to see in the images. */
class Variety {
  #first: Float32Array | undefined
  #different = false
  #pixels = false

  add(images: Float32Array, count: number, size: number): void {
    this.#first ??= images.slice(0, size)
    const first = this.#first
    for (let i = 0; i < count * size && !(this.#different && this.#pixels); i++) {
      const value = images[i]
      if (value !== first[0]) this.#pixels = true
      if (value !== first[i % size]) this.#different = true
    }
  }

  /** @throws KerfError `constant-data` */
  check(count: number): void {
    const constant = !this.#pixels
      ? `every pixel of the calibration images is ${this.#first?.[0]}`
      : count > 1 && !this.#different
        ? `all ${count} calibration images are the same`
        : undefined
    if (constant)
      throw new KerfError(
        'constant-data',
        `The data are constant: ${constant}, so that nothing follows about ranges. Give real images, as the network will see them.`,
      )
  }
}

/**
 * Root mean square of the change of values between two forms of a network, by that of the values.
 * @param before and after have them among their outputs
 */
export async function drifts(
  before: Model,
  after: Model,
  { data, count, shape }: KeptBatch,
  running: RunningOptions,
): Promise<(value: string) => number> {
  const input = onlyInput(before).name
  const [was = {}, is = {}] = await Promise.all(
    [before, after].map(async (model) => {
      const session = await openSession(model, running)
      try {
        return await session.run({ [input]: { elementType: 'float32', shape, data } }, { signal: running.signal })
      } finally {
        await session.dispose()
      }
    }),
  )
  return (value) => {
    if (value === input) return 0
    const [x, y] = [was, is].map((o) => part(o[value]?.data, count, shape[0]!)) as [Float32Array, Float32Array]
    let [squares, errors] = [0, 0]
    for (let i = 0; i < x.length; i++) {
      squares += x[i]! ** 2
      errors += (y[i]! - x[i]!) ** 2
    }
    return errors === 0 ? 0 : Math.sqrt(errors / squares)
  }
}
