import { stoppable, turns } from '../base/index.ts'
import type { Model, Node } from '../graph/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.ts'
import { checkBits, type InputRange, type QuantizedAdderLayer, quantizeAdderLayers } from './adder-layers.ts'
import { adderCorrection, correctMeans } from './bias-correction.ts'
import { calibrate, withOutputs } from './calibration.ts'
import { drifts, fewOf, type ObserveOptions, observeImages, onlyInput } from './images.ts'
import { type CodingError, codingError, type RangeMethod } from './ranges.ts'

/*
 * The whole way: run the network on data, choose ranges, write codes, and say what that did to every tensor.
 */

/** How a network is quantised, and on what it is calibrated. */
export interface QuantizeOptions extends ObserveOptions {
  /** Of the codes: 2 to 8. */
  readonly bits: number
  /** How ranges are chosen; 'mse' by default. */
  readonly range?: RangeMethod
  /** Each filter's mean result is put right on calibration images; false by default (docs/decisions/0014). */
  readonly biasCorrection?: boolean
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
  const { bits, range = 'mse', biasCorrection = false } = options
  const turn = turns(options.signal, what)
  checkBits(bits)
  const calibration = calibrate(model, options.operators)
  const input = onlyInput(model)
  const { kept, count } = await observeImages(calibration.model, (values) => calibration.observe(values), what, options)
  const ranges = new Map<Node, InputRange>()
  for (const value of calibration.layers.keys()) {
    await turn()
    for (const [node, found] of calibration.rangesOf(value, bits, range)) ranges.set(node, found)
  }
  const { model: coded, layers } = quantizeAdderLayers(calibration.analysis, ranges, bits)
  const nodes = model.graph.nodes.filter((node) => ranges.has(node))
  const corrections = new Map(nodes.map(({ outputs: [value = ''] }) => [value, adderCorrection(value)]))
  const quantised = biasCorrection ? await correctMeans(model, coded, corrections, input.name, kept, options) : coded
  const shown = withOutputs(quantised, [...calibration.layers.keys()])
  const drift = await drifts(calibration.model, shown, fewOf(model, kept[0]!), options)
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
