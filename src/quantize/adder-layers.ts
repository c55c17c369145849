import { KerfError, NodeError } from '../base/index.ts'
import {
  type Analysis,
  constantContent,
  editGraph,
  type GraphEditor,
  type Model,
  type Node,
  nodeLabel,
  opsetOf,
  tensorOf,
} from '../graph/index.ts'
import { type AdderCodes, type AdderScale, adderCodes, adderScale } from './adder-codes.ts'

/*
 * A quantised adder convolution in a file, in ONNX's usual way, so that any runtime runs it:
 *
 *   x → QuantizeLinear → (Clip to 0 … 2^bits − 1, below 8 bits) → DequantizeLinear → AdderConv (DequantizeLinear of the weights' codes, bias)
 *
 * one scale and zero point for x and the weights. The bias takes up what clamping the weights took away (adder-codes.ts).
 */

/** What a layer's input was seen to be. */
export interface InputRange {
  /** The smallest value. */
  readonly lo: number
  /** The largest. */
  readonly hi: number
}

/** What was done to one layer. */
export interface QuantizedAdderLayer extends AdderScale {
  /** The node's name (or that of its output). */
  readonly node: string
  /** Of the codes. */
  readonly bits: number
  /** The range that the codes span: the given one, with 0 in it, rounded to the scale. */
  readonly range: InputRange
  /** How many it has. */
  readonly weights: number
  /** How many weights lay outside the range, and went into the bias. */
  readonly clampedWeights: number
  /** Root of the mean square by which rounding changed the weights. */
  readonly roundingError: number
}

/** A network with adder layers in codes. */
export interface QuantizedAdderLayers {
  /** The network. */
  readonly model: Model
  /** In the order of the nodes. */
  readonly layers: readonly QuantizedAdderLayer[]
}

/** QuantizeLinear; Clip of bytes. */
const firstOpset = 10
const firstClipOpset = 12

/** @throws KerfError `bad-argument` unless there are 2 to 8 bits */
export function checkBits(bits: number): void {
  if (!Number.isInteger(bits) || bits < 2 || bits > 8)
    throw new KerfError('bad-argument', `Adder layers can be quantised to 2 to 8 bits, not ${bits}.`, { bits })
}

/**
 * Rewrites adder convolutions into codes.
 * @param ranges by AdderConv node of the model's graph: what values its input takes; nodes without one stay as they are
 * @param bits of the codes: 2 to 8
 * @throws KerfError `bad-argument` for other bits, a range that cannot be coded, and nodes that are no AdderConv of this model;
 *   `unsupported-opset` for models before opset 10 (12 below 8 bits); NodeError where weights or bias are not known beforehand, or not
 *   float32
 */
export function quantizeAdderLayers(
  analysis: Analysis,
  ranges: ReadonlyMap<Node, InputRange>,
  bits: number,
): QuantizedAdderLayers {
  checkBits(bits)
  const { model } = analysis
  for (const node of ranges.keys())
    if (node.opType !== 'AdderConv' || node.domain !== 'ai.kerf' || !model.graph.nodes.includes(node))
      throw new KerfError('bad-argument', `${node.opType} "${nodeLabel(node)}" is no AdderConv of the model's graph.`)
  const opset = opsetOf(model.opsetImports, '')
  const needed = bits < 8 ? firstClipOpset : firstOpset
  if (ranges.size > 0 && opset < needed)
    throw new KerfError(
      'unsupported-opset',
      `Codes of ${bits} bits take opset ${needed} or higher; the model has ${opset}. Convert it first (onnx.version_converter).`,
      { opset },
    )
  const editor = editGraph(model)
  const rewriting = new Rewriting(analysis, editor)
  const layers: QuantizedAdderLayer[] = []
  editor.rewrite((node) => {
    const range = ranges.get(node)
    if (!range) return node
    const quantised = rewriting.quantised(node, range, bits)
    layers.push(quantised.layer)
    return quantised.node
  })
  return { model: editor.dropDead().model(), layers }
}

class Rewriting {
  readonly #analysis: Analysis
  readonly #editor: GraphEditor
  /** Inputs that have been turned into codes and back, by their name and codes. */
  readonly #made = new Map<string, { readonly value: string; readonly settings: readonly string[] }>()

  constructor(analysis: Analysis, editor: GraphEditor) {
    this.#analysis = analysis
    this.#editor = editor
  }

  quantised(node: Node, { lo, hi }: InputRange, bits: number): { node: Node; layer: QuantizedAdderLayer } {
    const scale = adderScale(bits, lo, hi)
    const [x = '', w = '', b = ''] = node.inputs
    const shape = this.#analysis.values.get(w)?.shape as readonly number[]
    const weights = this.#floats(node, 1)
    const [filters] = shape as [number]
    const coded = adderCodes(weights, filters, scale)
    const { value, settings } = this.#dequantised(x, scale)
    const codes = this.#editor.constant(`${w}_codes`, tensorOf('uint8', shape, coded.codes))
    const dequantisedWeight = this.#node('DequantizeLinear', [codes, ...settings], `${w}_dequantized`)
    const bias = this.#bias(node, b, coded)
    return {
      node: { ...node, inputs: [value, dequantisedWeight, bias] },
      layer: {
        ...{ node: nodeLabel(node), bits, ...scale },
        range: { lo: -scale.zeroPoint * scale.scale, hi: (scale.most - scale.zeroPoint) * scale.scale },
        ...{ weights: weights.length, clampedWeights: coded.clamped, roundingError: coded.roundingError },
      },
    }
  }

  /** The input as it is after being coded; layers that read the same in the same codes share it. */
  #dequantised(x: string, { scale, zeroPoint, most }: AdderScale) {
    const key = JSON.stringify([x, scale, zeroPoint, most])
    const there = this.#made.get(key)
    if (there) return there
    const settings = [
      this.#editor.constant(`${x}_scale`, tensorOf('float32', [], [scale])),
      this.#editor.constant(`${x}_zero_point`, tensorOf('uint8', [], [zeroPoint])),
    ]
    let codes = this.#node('QuantizeLinear', [x, ...settings], `${x}_quantized`)
    if (most < 255) {
      const bounds = [0, most].map((bound) => this.#editor.constant(`${x}_bound`, tensorOf('uint8', [], [bound])))
      codes = this.#node('Clip', [codes, ...bounds], `${x}_clipped`)
    }
    const made = { value: this.#node('DequantizeLinear', [codes, ...settings], `${x}_dequantized`), settings }
    this.#made.set(key, made)
    return made
  }

  #bias(node: Node, given: string, { filterConstant }: AdderCodes): string {
    const bias = given === '' ? undefined : this.#floats(node, 2)
    const values = filterConstant.map((constant, f) => (bias?.[f] ?? 0) - constant)
    return this.#editor.constant(`${given || nodeLabel(node)}_bias`, tensorOf('float32', [values.length], values))
  }

  /** An input of a layer that is known beforehand. */
  #floats(node: Node, input: number): Float32Array {
    const name = node.inputs[input] ?? ''
    const what = input === 1 ? 'weight' : 'bias'
    const { values, constants } = this.#analysis
    const problem = !constants.has(name)
      ? `its ${what} "${name}" is computed while running`
      : values.get(name)?.elementType !== 'float32'
        ? `its ${what} "${name}" is ${values.get(name)?.elementType}, not float32`
        : undefined
    if (problem)
      throw new NodeError('wrong-node', {
        ...{ opType: node.opType, node: nodeLabel(node), problem },
        remedy: 'Leave the layer out of what is to be quantised.',
      })
    return Float32Array.from(constantContent(this.#analysis, name).data)
  }

  #node(opType: string, inputs: readonly string[], wish: string): string {
    const name = this.#editor.name(wish)
    return this.#editor.node(opType, inputs, {}, { name, outputs: [name] })
  }
}
