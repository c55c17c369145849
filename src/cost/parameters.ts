import { bitsPerElement, byteLengthOf, decodeElements, elementCount, isFloating, type Shape } from '../base/index.ts'
import {
  type Inference,
  type InferredCall,
  type Model,
  type Node,
  producersOf,
  storedTensors,
  type Tensor,
} from '../graph/index.ts'

/** A learnable tensor as the file stores it. */
export interface StoredTensor {
  readonly name: string
  readonly tensor: Tensor
}

/** Finds the stored tensors that a node learns, through the constant nodes in between (Transpose, Reshape, DequantizeLinear …). */
export class ParameterFinder {
  readonly #inference: Inference
  readonly #stored: ReadonlyMap<string, Tensor>
  readonly #producers: ReadonlyMap<string, Node>

  constructor(model: Model, inference: Inference) {
    this.#inference = inference
    this.#stored = storedTensors(model, inference)
    this.#producers = producersOf(model.graph)
  }

  /** By the operator's `parameters`; the same tensor may be found again for another node. */
  of(node: Node): StoredTensor[] {
    const found = new Map<string, StoredTensor>()
    for (const input of this.#learnableInputs(node)) this.#trace(node.inputs[input] as string, found, new Set())
    return [...found.values()]
  }

  #learnableInputs(node: Node): number[] {
    const { operator, call } = this.#inference.calls.get(node) ?? {}
    if (!operator?.parameters || !call) return []
    const present = call.inputs.flatMap((known, i) =>
      known && this.#inference.constants.has(node.inputs[i] as string) ? [i] : [],
    )
    if (operator.parameters !== 'operands')
      return present.filter((i) => (operator.parameters as readonly number[]).includes(i))
    return present.filter((i) => {
      const { elementType, shape } = call.inputs[i] ?? {}
      return elementType !== undefined && isFloating(elementType) && (elementCount(shape) ?? 2) > 1
    })
  }

  #trace(name: string, found: Map<string, StoredTensor>, seen: Set<string>): void {
    if (name === '' || seen.has(name)) return
    seen.add(name)
    const tensor = this.#stored.get(name)
    if (tensor) {
      found.set(name, { name, tensor })
      return
    }
    const node = this.#producers.get(name)
    if (!node) return
    const sources = new Set([0, ...this.#learnableInputs(node)])
    const call = this.#inference.calls.get(node)?.call
    if (call && joinsInputs(call)) for (let i = 1; i < node.inputs.length; i++) sources.add(i)
    for (const i of sources) this.#trace(node.inputs[i] ?? '', found, seen)
  }
}

/** As Concat does: the output is as large as all inputs together, so that every input is part of it. */
function joinsInputs(call: InferredCall): boolean {
  const count = (known: { shape: Shape | undefined } | undefined) => elementCount(known?.shape) ?? Number.NaN
  return call.inputs.length > 1 && call.inputs.reduce((sum, known) => sum + count(known), 0) === count(call.outputs[0])
}

/** Elements read at a time: a multiple of 8, so that elements narrower than a byte start at one. */
const piece = 1 << 24
/** Elements decoded at a time. */
const step = 1 << 16

/**
 * Stored values other than 0 (-0 counts as 0). Reads the tensor piece by piece.
 * @returns null for element types that are no numbers
 */
export function nonZeroElements(tensor: Tensor): number | null {
  const { elementType } = tensor
  const bits = bitsPerElement(elementType)
  if (bits === 0 || elementType.startsWith('complex')) return null
  const count = elementCount(tensor.shape) as number
  let nonZero = 0
  for (let start = 0; start < count; start += piece) {
    const length = Math.min(piece, count - start)
    const bytes = tensor.data.bytes((start * bits) / 8, byteLengthOf(elementType, length))
    for (let from = 0; from < length; from += step) {
      const values = decodeElements(elementType, bytes.subarray((from * bits) / 8), Math.min(step, length - from))
      for (let i = 0; i < values.length; i++) if (values[i] !== 0) nonZero++
    }
  }
  return nonZero
}
