import {
  bitsPerElement,
  byteLengthOf,
  decodeElements,
  elementCount,
  getOrAdd,
  isFloating,
  type Shape,
} from '../base/index.ts'
import {
  type Analysis,
  type Attribute,
  type Graph,
  type InferredCall,
  type Node,
  subgraphsOf,
  type Tensor,
  usedNames,
} from '../graph/index.ts'
import { LearnableRule } from './learnable.ts'

/** A tensor as the file stores it. */
export interface StoredTensor {
  readonly name: string
  readonly tensor: Tensor
  /** Why it is no parameter; absent for parameters. */
  readonly why?: string
}

/** Finds the stored tensors that a node learns, through the constant nodes in between (Transpose, Reshape, DequantizeLinear …). */
export class ParameterFinder {
  readonly #analysis: Analysis
  readonly #rule: LearnableRule
  readonly #found = new Map<Node, readonly StoredTensor[]>()

  constructor(analysis: Analysis) {
    this.#analysis = analysis
    this.#rule = new LearnableRule(analysis)
  }

  /** By the operator's `parameters` and the rule of learnable.ts; the same tensor may be found again for another node. */
  of(node: Node): StoredTensor[] {
    return this.#all(node).filter((t) => t.why === undefined)
  }

  /** Constants that the node takes where others take parameters, and that are none. */
  leftOut(node: Node): (StoredTensor & { readonly why: string })[] {
    return this.#all(node).filter((t): t is StoredTensor & { why: string } => t.why !== undefined)
  }

  #all(node: Node): readonly StoredTensor[] {
    return getOrAdd(this.#found, node, () => {
      if (!this.#analysis.calls.has(node)) return this.#ofUnknown(node)
      const found = new Map<string, StoredTensor>()
      for (const { input, why } of this.#rule.inputsOf(node)) this.#trace(node.inputs[input]!, why, found)
      return [...found.values()]
    })
  }

  /** Whatever an operator that Kerf does not know computes, the weights that it stores are there. */
  #ofUnknown(node: Node): StoredTensor[] {
    const found = new Map<string, StoredTensor>()
    for (const name of usedNames(node)) {
      if (!this.#analysis.constants.has(name)) continue
      // What nodes make of a stored tensor may be an initial state, say.
      const why = this.#analysis.producers.has(name) ? this.#rule.formulaIn(name) : undefined
      this.#trace(name, why, found)
    }
    for (const [name, tensor] of ownTensors(node)) found.set(name, { name, tensor })
    return [...found.values()].filter(({ tensor }) => isWeight(tensor))
  }

  /** Constants may follow from each other in as long a row as the file is large: no recursion. */
  #trace(from: string, why: string | undefined, found: Map<string, StoredTensor>): void {
    const [seen, open] = [new Set(['']), [from]]
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (seen.has(name)) continue
      seen.add(name)
      for (const source of this.#sources(name, why, found).toReversed()) open.push(source)
    }
  }

  /** Notes a stored tensor; of another value, what it is made from. */
  #sources(name: string, why: string | undefined, found: Map<string, StoredTensor>): string[] {
    const tensor = this.#analysis.stored.get(name)
    if (tensor) {
      // Once a parameter, always one.
      if (found.get(name)?.why !== undefined || !found.has(name))
        found.set(name, why === undefined ? { name, tensor } : { name, tensor, why })
      return []
    }
    const node = this.#analysis.producers.get(name)
    if (!node) return []
    const sources = new Set([0, ...this.#rule.candidatesOf(node)])
    const call = this.#analysis.calls.get(node)?.call
    if (call && joinsInputs(call)) for (let i = 1; i < node.inputs.length; i++) sources.add(i)
    return [...sources].map((i) => node.inputs[i] ?? '')
  }
}

const isWeight = ({ elementType, shape }: Tensor): boolean => isFloating(elementType) && elementCount(shape)! > 1

/** Tensors that a node carries in its attributes, and those of the graphs in there. */
function ownTensors(node: Node): [string, Tensor][] {
  const prefix = node.name || (node.outputs[0] ?? '')
  const attributes = [...node.attributes].flatMap(([key, a]) =>
    tensorsIn(a).map((t, i): [string, Tensor] => [`${prefix}.${key}${i || ''}`, t]),
  )
  return [...attributes, ...subgraphsOf(node).flatMap((graph, i) => tensorsOf(graph, `${prefix}.${i}`))]
}

const tensorsIn = (a: Attribute): readonly Tensor[] =>
  a.kind === 'tensor' ? [a.value] : a.kind === 'tensors' ? a.value : []

const tensorsOf = (graph: Graph, prefix: string): [string, Tensor][] => [
  ...[...graph.initializers].map(([name, t]): [string, Tensor] => [`${prefix}/${name}`, t]),
  ...graph.nodes.flatMap(ownTensors).map(([name, t]): [string, Tensor] => [`${prefix}/${name}`, t]),
]

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
  const count = elementCount(tensor.shape)!
  const { repeats } = tensor.data
  // Each of these elements as often as any other; of those narrower than a byte, one fills it.
  if (repeats) {
    const [value] = decodeElements(elementType, repeats, 1)
    return value === 0 ? 0 : count
  }
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
