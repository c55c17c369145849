import {
  type Analysis,
  constantContent,
  editGraph,
  type GraphEditor,
  type Model,
  makeNode,
  type Node,
  nodeLabel,
  tensorOf,
} from '../../graph/index.ts'
import type { AdderScale } from '../adder-codes.ts'
import type { CodedPlaces, LayerPlace } from './places.ts'
import { weightCodes } from './weight-codes.ts'

/** What coding did to a layer. */
export interface CodedLayer {
  /** Its name. */
  readonly node: string
  /** Operator of the layer: `Conv`, `Gemm`, … */
  readonly op: string
  /** How many weights became codes. */
  readonly weights: number
  /** Root mean square of what coding changed in the weights, by that of the weights. */
  readonly weightError: number
}

export interface WrittenCodes {
  readonly model: Model
  readonly layers: readonly CodedLayer[]
  /** For each layer with a coded bias how it is written: by the layer's output, before its activation. */
  readonly biases: ReadonlyMap<string, CodedBias>
}

/** A bias in codes of 32 bits: scale of what is read · scale of the channel's weights. */
export interface CodedBias {
  /** The initializer with the codes. */
  readonly name: string
  readonly values: Float64Array
  readonly scales: Float64Array
}

/** Weights in codes. */
interface WrittenWeight {
  /** What the layer reads. */
  readonly value: string
  readonly scales: Float32Array
  readonly error: number
  readonly count: number
}

/** Biases are at most so many steps: codes of 32 bits, and sums that are still some. */
const mostSteps = 2 ** 30
const mostSum = 2 ** 31 - 1

/**
 * A model with pairs of QuantizeLinear and DequantizeLinear around what is calculated on codes, weights stored in int8, biases in int32 (ONNX's QDQ form).
 * @param codes of the values that others share, by name
 * @param bits of the weights
 * @param nearest how scales of weights are chosen, see `weightCodes`
 */
export function writeCodes(
  analysis: Analysis,
  places: CodedPlaces,
  codes: ReadonlyMap<string, AdderScale>,
  bits: number,
  nearest: boolean,
): WrittenCodes {
  return new Writing(analysis, places, codes, bits, nearest).written()
}

class Writing {
  readonly #analysis: Analysis
  readonly #places: CodedPlaces
  readonly #codes: ReadonlyMap<string, AdderScale>
  readonly #bits: number
  readonly #nearest: boolean
  readonly #editor: GraphEditor
  readonly #layers: CodedLayer[] = []
  readonly #biases = new Map<string, CodedBias>()
  /** Scale and zero point of each value that others share. */
  readonly #settings = new Map<string, readonly string[]>()
  /** What readers of a value in codes read. */
  readonly #read = new Map<string, string>()
  /** What a value in codes is called where it is made: an output of the graph keeps its name behind the codes. */
  readonly #made = new Map<string, string>()
  /** Weights that several layers read are written once. */
  readonly #weights = new Map<string, WrittenWeight>()

  constructor(
    analysis: Analysis,
    places: CodedPlaces,
    codes: ReadonlyMap<string, AdderScale>,
    bits: number,
    nearest: boolean,
  ) {
    this.#analysis = analysis
    this.#places = places
    this.#codes = codes
    this.#bits = bits
    this.#nearest = nearest
    this.#editor = editGraph(analysis.model)
  }

  written(): WrittenCodes {
    const outputs = new Set(this.#analysis.model.graph.outputs.map(({ name }) => name))
    for (const name of this.#places.values.keys()) {
      const isOutput = outputs.has(name)
      this.#made.set(name, isOutput ? this.#editor.name(`${name}_float`) : name)
      this.#read.set(name, isOutput ? name : this.#editor.name(`${name}_dequantized`))
    }
    const layers = new Map(this.#places.layers.map((place) => [place.node, place]))
    const makers = this.#analysis.producers
    let isFirst = true
    this.#editor.rewrite((node) => {
      const given = isFirst ? [...this.#places.values.keys()].filter((name) => !makers.has(name)) : []
      isFirst = false
      const place = layers.get(node)
      const inputs = node.inputs.map((name) => this.#read.get(name) ?? name)
      if (place) inputs.splice(1, 2, ...this.#operands(place))
      const renamed = { ...node, inputs, outputs: node.outputs.map((name) => this.#made.get(name) ?? name) }
      return [
        ...given.flatMap((name) => this.#pair(name)),
        renamed,
        ...node.outputs.flatMap((name) => this.#pair(name)),
      ]
    })
    return { model: this.#editor.dropDead().model(), layers: this.#layers, biases: this.#biases }
  }

  /** What codes a value, and calculates back; nothing for others. */
  #pair(name: string): Node[] {
    const root = this.#places.values.get(name)
    if (root === undefined) return []
    const settings = this.#settingsOf(root)
    const { most } = this.#codes.get(root)!
    const wish = (end: string) => this.#editor.name(`${name}_${end}`)
    const node = (opType: string, inputs: readonly string[], output: string) => makeNode(opType, inputs, [output])
    const quantised = wish('quantized')
    const nodes = [node('QuantizeLinear', [this.#made.get(name)!, ...settings], quantised)]
    let last = quantised
    if (most < 255) {
      last = wish('clipped')
      const bounds = [0, most].map((bound) => this.#editor.constant(`${name}_bound`, tensorOf('uint8', [], [bound])))
      nodes.push(node('Clip', [quantised, ...bounds], last))
    }
    return [...nodes, node('DequantizeLinear', [last, ...settings], this.#read.get(name)!)]
  }

  #settingsOf(root: string): readonly string[] {
    const there = this.#settings.get(root)
    if (there) return there
    const { scale, zeroPoint } = this.#codes.get(root)!
    const settings = [
      this.#editor.constant(`${root}_scale`, tensorOf('float32', [], [scale])),
      this.#editor.constant(`${root}_zero_point`, tensorOf('uint8', [], [zeroPoint])),
    ]
    this.#settings.set(root, settings)
    return settings
  }

  /** Weights and bias of a layer, from codes. */
  #operands(place: LayerPlace): string[] {
    const { node, bias } = place
    const given = bias === '' ? undefined : constantContent(this.#analysis, bias).data
    const input = this.#codes.get(this.#places.values.get(place.input)!)!.scale
    const { value, scales } = this.#weight(place, given, input)
    const asItIs = node.inputs[2] ? [node.inputs[2]] : []
    if (!given) return [value, ...asItIs]
    const biasScales = Float32Array.from(given, (_, c) => input * (scales[c] ?? scales[0]!))
    const steps = biasSteps(given, biasScales)
    const name = this.#editor.constant(`${bias}_codes`, tensorOf('int32', [steps.length], steps))
    this.#biases.set(node.outputs[0]!, {
      name,
      values: Float64Array.from(given),
      scales: Float64Array.from(biasScales),
    })
    const scale = this.#editor.constant(`${bias}_scale`, tensorOf('float32', [steps.length], biasScales))
    const zero = this.#editor.constant(
      `${bias}_zero_point`,
      tensorOf('int32', [steps.length], new Int32Array(steps.length)),
    )
    return [value, this.#dequantised(bias, [name, scale, zero], 0)]
  }

  #weight({ weight, axis, node }: LayerPlace, bias: ArrayLike<number> | undefined, input: number): WrittenWeight {
    const shape = this.#analysis.values.get(weight)!.shape as readonly number[]
    const key = JSON.stringify([weight, axis])
    // A channel of zeros takes any scale; its bias wants one that is not too fine.
    const least = (c: number) => (bias ? Math.abs(bias[c]!) / (input * mostSteps) : 0)
    const written = this.#weights.get(key) ?? this.#coded(weight, shape, axis, least)
    this.#weights.set(key, written)
    const { error: weightError, count } = written
    this.#layers.push({ node: nodeLabel(node), op: node.opType, weights: count, weightError })
    return written
  }

  #coded(
    weight: string,
    shape: readonly number[],
    axis: number | undefined,
    least: (channel: number) => number,
  ): WrittenWeight {
    const content = constantContent(this.#analysis, weight).data
    const { codes, scales, error } = weightCodes(content, shape, axis, this.#bits, this.#nearest, least)
    const size = axis === undefined ? [] : [scales.length]
    const settings = [
      this.#editor.constant(`${weight}_codes`, tensorOf('int8', shape, codes)),
      this.#editor.constant(`${weight}_scale`, tensorOf('float32', size, scales)),
      this.#editor.constant(`${weight}_zero_point`, tensorOf('int8', size, new Int8Array(scales.length))),
    ]
    return { value: this.#dequantised(weight, settings, axis), scales, error, count: content.length }
  }

  #dequantised(name: string, inputs: readonly string[], axis: number | undefined): string {
    const output = this.#editor.name(`${name}_dequantized`)
    const options = { name: output, outputs: [output] }
    return this.#editor.node('DequantizeLinear', inputs, axis === undefined ? undefined : { axis }, options)
  }
}

/** A bias in steps of its scales. */
export const biasSteps = (values: ArrayLike<number>, scales: ArrayLike<number>): Int32Array =>
  Int32Array.from(values, (value, c) => Math.max(-mostSum, Math.min(mostSum, Math.round(value / scales[c]!))))
