import { type Bounded, KerfError, stoppable, type Task, type Turn, turns } from '../base/index.ts'
import { graphInputs, type Model, type Node } from '../graph/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.ts'
import { openSession, type RunningOptions } from '../runtime/index.ts'
import { checkBits, type InputRange, type QuantizedAdderLayer, quantizeAdderLayers } from './adder-layers.ts'
import { correctBiases } from './bias-correction.ts'
import { type Calibration, calibrate, withOutputs } from './calibration.ts'
import { type CodingError, codingError, type RangeMethod } from './ranges.ts'

/*
 * The whole way: run the network on data, choose ranges, write codes, and say what that did to every tensor.
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

/** How a network is quantised, and on what it is calibrated. */
export interface QuantizeOptions extends RunningOptions, Task, Bounded {
  /** Of the codes: 2 to 8. */
  readonly bits: number
  /** What ranges follow from: a few hundred are enough. */
  readonly images: CalibrationImages
  /** How ranges are chosen; 'mse' by default. */
  readonly range?: RangeMethod
  /** Each filter's mean result is put right on calibration images; false by default (docs/decisions/0014). */
  readonly biasCorrection?: boolean
  /** Most images that are looked at; by default all. */
  readonly most?: number
}

/** What quantisation did to an adder layer. */
export interface QuantizedLayer extends QuantizedAdderLayer {
  /** The tensor that the layer reads. */
  readonly input: string
  /** Its extremes in the calibration data. */
  readonly seen: {
    /** The smallest value. */ readonly lo: number /** The largest. */
    /** The largest. */
    readonly hi: number
  }
  /** What coding alone changes in it. */
  readonly coding: CodingError
  /**
   * Root mean square of its change in the quantised network, where everything before is quantised too, by that of its values; measured on the
   * first images.
   */
  readonly drift: number
}

/** A network in codes, and what that did to it. */
export interface Quantized {
  /** The network in codes; any ONNX runtime runs it. */
  readonly model: Model
  /** Of the codes. */
  readonly bits: number
  /** How ranges were chosen. */
  readonly range: RangeMethod
  /** Whether each filter's mean result was put right. */
  readonly biasCorrection: boolean
  /** Images that ranges follow from. */
  readonly images: number
  /** What it did to each adder layer, in the order of the nodes. */
  readonly layers: readonly QuantizedLayer[]
  /** Change of the network's first output on the first images, as `drift`. */
  readonly outputDrift: number
}

/**
 * Quantises the adder layers of a network.
 * @param source a model in any form; in browsers a text is an address, in Node a path
 * @throws as `openModel`; KerfError `bad-argument` for other bits; `no-adder-layers`; `unsupported-input` for a network with several inputs; `no-data`;
 *   `constant-data` where all pixels, all images or all values of a layer are the same; `not-finite`; `aborted`; and as `quantizeAdderLayers`
 */
export const quantize = (source: ModelSource, options: QuantizeOptions): Promise<Quantized> =>
  stoppable(what, async () => quantized(await modelOf(source, options), options), options)

/** What is stopped. */
const what = 'Quantising'

async function quantized(model: Model, options: QuantizeOptions): Promise<Quantized> {
  const { bits, images, range = 'mse', biasCorrection = false } = options
  const turn = turns(options.signal, what)
  checkBits(bits)
  const calibration = calibrate(model, options.operators)
  const [input, ...others] = graphInputs(model.graph)
  if (!input || others.length > 0)
    throw new KerfError(
      'unsupported-input',
      `The model has ${others.length + 1} inputs; calibration gives it images alone.`,
    )
  const shape = [images.batchSize, ...images.shape]
  const { kept, count } = await observe(calibration, input.name, shape, turn, options)
  const ranges = new Map<Node, InputRange>()
  for (const value of calibration.layers.keys()) {
    await turn()
    for (const [node, found] of calibration.rangesOf(value, bits, range)) ranges.set(node, found)
  }
  const { model: coded, layers } = quantizeAdderLayers(calibration.analysis, ranges, bits)
  const nodes = model.graph.nodes.filter((node) => ranges.has(node))
  const batches = kept.map((batch) => ({ ...batch, shape }))
  const quantised = biasCorrection ? await correctBiases(model, coded, nodes, input.name, batches, options) : coded
  const [first] = kept as [FirstBatch]
  const open = input.type?.kind === 'tensor' && typeof input.type.shape?.[0] !== 'number'
  const drift = await drifts(
    calibration,
    quantised,
    input.name,
    open ? firstOf(first, shape) : { ...first, shape },
    options,
  )
  const inputs = new Map(
    [...calibration.layers].flatMap(([value, nodes]) => nodes.map((node) => [node, value] as const)),
  )
  return {
    model: quantised,
    ...{ bits, range, biasCorrection, images: count },
    layers: layers.map((layer, i) => {
      const value = inputs.get(nodes[i]!)!
      const observer = calibration.observer(value)
      return {
        ...layer,
        input: value,
        seen: { lo: observer.min, hi: observer.max },
        coding: codingError(observer, layer.range, bits),
        drift: drift(value),
      }
    }),
    outputDrift: drift(model.graph.outputs[0]?.name ?? ''),
  }
}

interface FirstBatch {
  readonly data: Float32Array
  readonly count: number
}

/** Images that are looked at for what quantisation changed. */
const mostCompared = 16
/** Images on which means are corrected, up to a batch more. */
const mostKept = 64

function firstOf({ data, count }: FirstBatch, [batchSize = 1, ...image]: readonly number[]) {
  const most = Math.min(mostCompared, count)
  return { data: data.subarray(0, (data.length / batchSize) * most), count: most, shape: [most, ...image] }
}

async function observe(
  calibration: Calibration,
  input: string,
  shape: readonly number[],
  turn: Turn,
  options: QuantizeOptions,
): Promise<{ readonly kept: readonly FirstBatch[]; readonly count: number }> {
  const { most = Number.POSITIVE_INFINITY, signal, progress } = options
  const session = await openSession(calibration.model, options)
  const variety = new Variety()
  const kept: FirstBatch[] = []
  let done = 0
  try {
    for await (const { images, count: filled } of options.images.batches) {
      await turn()
      const count = Math.min(filled, most - done)
      if (count <= 0) break
      if (done < mostKept) kept.push({ data: images.slice(), count })
      variety.add(images, count, images.length / shape[0]!)
      const outputs = await session.run({ [input]: { elementType: 'float32', shape, data: images } }, { signal })
      calibration.observe((name) => part(name === input ? images : outputs[name]?.data, count, shape[0]!))
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

/** Relative change of values between the given network and the quantised one. */
async function drifts(
  calibration: Calibration,
  quantised: Model,
  input: string,
  { data, count, shape }: FirstBatch & { readonly shape: readonly number[] },
  running: RunningOptions,
): Promise<(value: string) => number> {
  const values = [...calibration.layers.keys()]
  const [before = {}, after = {}] = await Promise.all(
    [calibration.model, withOutputs(quantised, values)].map(async (model) => {
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
    const [x, y] = [before, after].map((o) => part(o[value]?.data, count, shape[0]!)) as [Float32Array, Float32Array]
    let [squares, errors] = [0, 0]
    for (let i = 0; i < x.length; i++) {
      squares += x[i]! ** 2
      errors += (y[i]! - x[i]!) ** 2
    }
    return errors === 0 ? 0 : Math.sqrt(errors / squares)
  }
}
