import { type ElementType, elementCount, roundTiesToEven } from '../../base/index.ts'
import {
  type Analysis,
  AttributeReader,
  type AttributeValue,
  constantContent,
  type Dense,
  type GraphEditor,
  makeNode,
  type Node,
  tensorOf,
} from '../../graph/index.ts'
import { dequantizeLinear } from '../dequantizeLinear.ts'
import { quantizeLinear } from '../quantizeLinear.ts'
import { rangeOf } from './quantised-forward.ts'

/*
 * Layers that stand between DequantizeLinear and QuantizeLinear (ONNX's QDQ form), as operators on codes:
 *
 *   DequantizeLinear (x, weights, bias) → Conv → Relu or Clip → QuantizeLinear        QLinearConv → Clip of the codes
 *
 * Runtimes with kernels on whole numbers run them so. A result differs by one code at most where rounding falls otherwise: what is rounded is the sum times one
 * factor, not a sum of rounded products. What only moves elements moves codes, where both ends have one scale.
 */

/** A layer on codes, and the nodes that it stands for. */
export interface OnCodes {
  /** In order; the last makes what the last member makes. */
  readonly nodes: readonly Node[]
  /** In order. */
  readonly members: readonly Node[]
  /** Constants whose content was asked for. */
  readonly asked: readonly string[]
}

/** Codes of one scale: the names of what they are. */
interface Coded {
  readonly codes: string
  readonly scale: string
  readonly zero: string
}

const microsoft = 'com.microsoft'

/** Operators on numbers whose operator on codes has, one behind the other, every operand with its scale and zero point, then those of the result. */
const operandForms: Readonly<Record<string, string>> = {
  Add: 'QLinearAdd',
  AveragePool: 'QLinearAveragePool',
  GlobalAveragePool: 'QLinearGlobalAveragePool',
  LeakyRelu: 'QLinearLeakyRelu',
  Mul: 'QLinearMul',
  Sigmoid: 'QLinearSigmoid',
}

/** Hand elements of their first input on, in order of size or as they are. */
const moving = new Set([
  ...['Concat', 'Flatten', 'Gather', 'MaxPool', 'Reshape', 'Slice', 'Squeeze', 'Transpose', 'Unsqueeze'],
])

/** The operator set from which on Slice takes its settings as inputs. */
const slicesByInputs = 10

/** The operator set from which on Clip takes whole numbers. */
const clampsCodes = 12

/** Codes of biases may be off by so much of their scale: it is a product that somebody rounded. */
const sameScale = 1e-5

/**
 * The layer that ends with a QuantizeLinear, on codes; undefined where it has none.
 * @param to where constants are added, and names are free
 */
export const onCodesAt = (analysis: Analysis, last: Node, to: Names): OnCodes | undefined =>
  new Reading(analysis).layer(last, to)

type Names = Pick<GraphEditor, 'constant' | 'name'>

class Reading {
  readonly #analysis: Analysis
  readonly #asked: string[] = []

  constructor(analysis: Analysis) {
    this.#analysis = analysis
  }

  layer(last: Node, to: Names): OnCodes | undefined {
    const y = this.#made(last)
    const found = y && this.#clamped(last)
    if (!found) return undefined
    const { node, value, clamps, lo, hi } = found
    const type = this.#typeOf(y.codes)!
    const range = rangeOf(type)
    const scale = this.#content(y.scale)[0]!
    const zero = this.#content(y.zero)[0]!
    const code = (v: number) => Math.min(range[1], Math.max(range[0], roundTiesToEven(Math.fround(v / scale)) + zero))
    const bounds = [code(lo), code(hi)] as const
    const isBounded = bounds[0] > range[0] || bounds[1] < range[1]
    if (isBounded && this.#analysis.calls.get(last)!.call.opset < clampsCodes) return undefined
    const result = isBounded ? { ...y, codes: to.name(`${y.codes}_unclamped`) } : y
    const part = this.#part(node, value, result, to)
    const own = part ?? this.#onCodes(node, result)
    if (!own) return undefined
    const nodes = [own]
    if (isBounded) {
      const limits = bounds.map((bound) => to.constant(`${y.codes}_bound`, tensorOf(type, [], [bound])))
      nodes.push(makeNode('Clip', [own.outputs[0]!, ...limits], [y.codes]))
    }
    // Of several parts each is taken by itself.
    return { nodes, members: [...(part ? [] : [node]), ...clamps, last], asked: this.#asked }
  }

  #dense(name: string): Dense {
    this.#asked.push(name)
    return constantContent(this.#analysis, name)
  }

  #content(name: string): ArrayLike<number> {
    return this.#dense(name).data
  }

  #typeOf(name: string): ElementType | undefined {
    return this.#analysis.values.get(name)?.elementType
  }

  #isConstant(name: string | undefined): boolean {
    return name !== undefined && name !== '' && this.#analysis.constants.has(name)
  }

  /** What a QuantizeLinear makes, as bytes of one known scale. */
  #made(node: Node): Coded | undefined {
    const [, scale = '', zero = ''] = node.inputs
    const [codes = ''] = node.outputs
    if (node.domain !== quantizeLinear.domain || node.opType !== quantizeLinear.name) return undefined
    return this.#ofOneScale({ codes, scale, zero })
  }

  /** What a value is the numbers of, with any scales. */
  #read(value: string | undefined): Coded | undefined {
    const node = this.#analysis.producers.get(value ?? '')
    if (!node || node.domain !== dequantizeLinear.domain || node.opType !== dequantizeLinear.name) return undefined
    const [codes = '', scale = '', zero = ''] = node.inputs
    const isFloat = this.#typeOf(value!) === 'float32'
    return isFloat && this.#isConstant(scale) && this.#isConstant(zero) ? { codes, scale, zero } : undefined
  }

  /** The same of bytes with one scale. */
  #readByte(value: string | undefined): Coded | undefined {
    const coded = this.#read(value)
    return coded && this.#ofOneScale(coded)
  }

  #ofOneScale(coded: Coded): Coded | undefined {
    const isOne = [coded.scale, coded.zero].every(
      (name) => this.#isConstant(name) && elementCount(this.#analysis.values.get(name)?.shape) === 1,
    )
    return isOne && isByte(this.#typeOf(coded.codes)) && this.#typeOf(coded.scale) === 'float32' ? coded : undefined
  }

  /** The node before a QuantizeLinear and the clamps between the two, all of which nobody else reads. */
  #clamped(last: Node) {
    const { producers, consumers, calls, model } = this.#analysis
    const outputs = new Set(model.graph.outputs.map(({ name }) => name))
    const clamps: Node[] = []
    let [lo, hi] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
    for (let value = last.inputs[0] ?? ''; ; ) {
      const node = producers.get(value)
      if (!node || consumers.get(value)?.length !== 1 || outputs.has(value) || this.#typeOf(value) !== 'float32')
        return undefined
      const known = calls.get(node)
      const content = (i: number) => {
        const name = node.inputs[i] ?? ''
        return this.#isConstant(name) ? this.#dense(name) : undefined
      }
      const epilogue = known?.operator.epilogue?.(known.call, content)
      if (epilogue?.kind !== 'clamp') return { node, value, clamps, lo, hi }
      // What comes first is clamped by what comes later.
      if (clamps.length === 0) [lo, hi] = [epilogue.lo, epilogue.hi]
      else [lo, hi] = [clampTo(epilogue.lo, lo, hi), clampTo(epilogue.hi, lo, hi)]
      clamps.unshift(node)
      value = node.inputs[0] ?? ''
    }
  }

  /** One of several parts that are cut off, as a slice of codes. */
  #part(node: Node, value: string, y: Coded, to: Names): Node | undefined {
    const { call, operator } = this.#analysis.calls.get(node)!
    const picks = node.outputs.length > 1 ? operator.picks?.(call) : undefined
    const x = picks && this.#readByte(node.inputs[0])
    const [part, ...others] = picks?.outputs[node.outputs.indexOf(value)] ?? []
    if (!x || !(part && part.count > 0) || others.length > 0 || !this.#areAlike(x, y) || call.opset < slicesByInputs)
      return undefined
    const limits = [part.first, part.first + part.count, picks.axis].map((v) =>
      to.constant(`${y.codes}_part`, tensorOf('int64', [1], [v])),
    )
    return makeNode('Slice', [x.codes, ...limits], [y.codes], {}, { name: node.name })
  }

  #onCodes(node: Node, y: Coded): Node | undefined {
    if (node.domain !== '' || node.outputs.length !== 1) return undefined
    const form = operandForms[node.opType]
    if (form) return this.#ofOperands(node, form, y)
    if (moving.has(node.opType)) return this.#moved(node, y) ?? this.#joined(node, y)
    if (node.opType === 'Conv') return this.#convolution(node, y)
    if (node.opType === 'MatMul') return this.#product(node, y)
    return node.opType === 'Gemm' ? this.#linear(node, y) : undefined
  }

  #make(node: Node, opType: string, inputs: readonly string[], y: Coded, domain = ''): Node {
    const attributes: Record<string, AttributeValue> = Object.fromEntries(node.attributes)
    return makeNode(opType, inputs, [y.codes], attributes, { name: node.name, domain })
  }

  #ofOperands(node: Node, form: string, y: Coded): Node | undefined {
    const operands = node.inputs.map((name) => this.#readByte(name))
    const type = this.#typeOf(y.zero)
    if (!operands.every((x) => x !== undefined && this.#typeOf(x.codes) === type)) return undefined
    const inputs = (operands as Coded[]).flatMap(({ codes, scale, zero }) => [codes, scale, zero])
    return this.#make(node, form, [...inputs, y.scale, y.zero], y, microsoft)
  }

  #moved(node: Node, y: Coded): Node | undefined {
    const operands = node.inputs.map((name, i) => (i === 0 || node.opType === 'Concat' ? this.#readByte(name) : name))
    const same = operands.every((x) => typeof x !== 'object' || this.#areAlike(x, y))
    if (!same || operands.some((x) => x === undefined)) return undefined
    return this.#make(
      node,
      node.opType,
      operands.map((x) => (typeof x === 'object' ? x.codes : x!)),
      y,
    )
  }

  #joined(node: Node, y: Coded): Node | undefined {
    if (node.opType !== 'Concat') return undefined
    const operands = node.inputs.map((name) => this.#readByte(name))
    const type = this.#typeOf(y.zero)
    if (!operands.every((x) => x !== undefined && this.#typeOf(x.codes) === type)) return undefined
    const inputs = (operands as Coded[]).flatMap(({ codes, scale, zero }) => [codes, scale, zero])
    return this.#make(node, 'QLinearConcat', [y.scale, y.zero, ...inputs], y, microsoft)
  }

  #areAlike(a: Coded, b: Coded): boolean {
    if (this.#typeOf(a.zero) !== this.#typeOf(b.zero)) return false
    const [scaleA, scaleB, zeroA, zeroB] = [a.scale, b.scale, a.zero, b.zero].map((name) => this.#content(name)[0])
    return scaleA === scaleB && zeroA === zeroB
  }

  /** Stored bytes with one scale, or one for each entry of an axis. */
  #weights(value: string | undefined, axis: number): Coded | undefined {
    const coded = this.#read(value)
    if (!coded || !this.#isConstant(coded.codes) || !isByte(this.#typeOf(coded.codes))) return undefined
    const shape = this.#analysis.values.get(coded.codes)?.shape ?? []
    const scales = elementCount(this.#analysis.values.get(coded.scale)?.shape)
    const zeros = elementCount(this.#analysis.values.get(coded.zero)?.shape)
    if (scales === 1 && zeros === 1) return coded
    const own = new AttributeReader(this.#analysis.producers.get(value!)!).int('axis', 1)
    const along = own < 0 ? own + shape.length : own
    return along === axis && scales === shape[axis] && zeros === shape[axis] ? coded : undefined
  }

  /** A bias in steps of the sums: '' where there is none, undefined where it is another. */
  #bias(value: string | undefined, x: Coded, w: Coded): string | undefined {
    if (!value) return ''
    const coded = this.#read(value)
    if (!coded || this.#typeOf(coded.codes) !== 'int32' || !this.#isConstant(coded.codes)) return undefined
    const input = this.#content(x.scale)[0]!
    const weights = this.#content(w.scale)
    const own = this.#content(coded.scale)
    const zeros = this.#content(coded.zero)
    const count = elementCount(this.#analysis.values.get(coded.codes)?.shape) ?? 0
    for (let i = 0; i < count; i++) {
      const wanted = input * weights[weights.length === 1 ? 0 : i]!
      if (!(Math.abs(own[own.length === 1 ? 0 : i]! - wanted) <= sameScale * wanted)) return undefined
    }
    return Array.from(zeros).every((z) => z === 0) ? coded.codes : undefined
  }

  #convolution(node: Node, y: Coded): Node | undefined {
    const x = this.#readByte(node.inputs[0])
    const w = this.#weights(node.inputs[1], 0)
    const bias = x && w && this.#bias(node.inputs[2], x, w)
    if (!x || !w || bias === undefined || this.#isConstant(x.codes)) return undefined
    const inputs = [x.codes, x.scale, x.zero, w.codes, w.scale, w.zero, y.scale, y.zero, ...(bias ? [bias] : [])]
    return this.#make(node, 'QLinearConv', inputs, y)
  }

  #product(node: Node, y: Coded): Node | undefined {
    const x = this.#readByte(node.inputs[0])
    const w = this.#weights(node.inputs[1], 1)
    if (!x || !w || this.#isConstant(x.codes) || this.#analysis.values.get(w.codes)?.shape?.length !== 2)
      return undefined
    return this.#make(node, 'QLinearMatMul', [x.codes, x.scale, x.zero, w.codes, w.scale, w.zero, y.scale, y.zero], y)
  }

  #linear(node: Node, y: Coded): Node | undefined {
    const read = new AttributeReader(node)
    const isPlain = !read.flag('transA') && read.float('alpha', 1) === 1 && read.float('beta', 1) === 1
    if (!isPlain) return undefined
    const x = this.#readByte(node.inputs[0])
    const w = this.#weights(node.inputs[1], read.flag('transB') ? 0 : 1)
    const bias = x && w && this.#bias(node.inputs[2], x, w)
    if (!x || !w || bias === undefined || this.#isConstant(x.codes)) return undefined
    const inputs = [x.codes, x.scale, x.zero, w.codes, w.scale, w.zero, bias, y.scale, y.zero]
    return this.#make(node, 'QGemm', inputs, y, microsoft)
  }
}

const isByte = (type: ElementType | undefined): boolean => type === 'uint8' || type === 'int8'

const clampTo = (v: number, lo: number, hi: number): number => Math.min(hi, Math.max(lo, v))
