import { byteLengthOf, type ElementType, elementCount, isConcrete, KerfError } from '../base/index.ts'
import {
  type Analysis,
  accessesOf,
  type Inference,
  type Known,
  type Model,
  type Node,
  type Operator,
  subgraphsOf,
} from '../graph/index.ts'
import { countBodies } from './bodies.ts'
import type { Moved, NodeCount } from './node-count.ts'

const uncounted = (why: string, macs: 0 | null = null): NodeCount => ({
  macs,
  arithmetic: null,
  reads: null,
  writes: null,
  why,
})

/** Counts one node by what its operator says. Weights are not read. */
export function countNode(analysis: Analysis, node: Node): NodeCount {
  const known = analysis.calls.get(node)
  if (!known) return uncounted(whyUnknown(analysis.model, node))
  const { operator, call } = known
  if (operator.control) return countBodies(analysis, known, countNode)
  const unclear = firstUnclear(node, call.inputs, call.outputs)
  if (operator.cost === 'data-dependent') {
    const why = 'how much it computes depends on the data'
    // A body may hold layers.
    const macs = subgraphsOf(node).length > 0 ? null : 0
    if (unclear) return uncounted(why, macs)
    return { macs, ...countAccesses(node, known), arithmetic: null, why }
  }
  if (unclear)
    return uncounted(`the shape of "${unclear}" is not known before the model runs`, hasWeights(operator) ? null : 0)
  try {
    const arithmetic = operator.cost === 'none' ? {} : operator.cost(call)
    return { macs: arithmetic.macs ?? 0, arithmetic, ...countAccesses(node, known) }
  } catch (error) {
    if (error instanceof KerfError && error.code === 'unknown-shape')
      return uncounted(error.message, hasWeights(operator) ? null : 0)
    throw error
  }
}

/** Convolutions and linear layers compute with weights of their own, or start a fused group; nothing else has multiply–accumulates. */
const hasWeights = ({ cost, parameters, fusion }: Operator): boolean =>
  cost !== 'none' && fusion !== 'follower' && (Array.isArray(parameters) || fusion !== undefined)

function whyUnknown(model: Model, node: Node): string {
  const definition = model.functions.find((f) => f.domain === node.domain && f.name === node.opType)
  if (definition) return 'its function in the model uses other versions of the operator sets than the model itself'
  if (subgraphsOf(node).length > 0) return 'what its bodies compute, and how often, depends on the data'
  return 'Kerf does not know this operator'
}

/** The first value whose size is not known. */
function firstUnclear(
  node: Node,
  inputs: readonly (Known | undefined)[],
  outputs: readonly (Known | undefined)[],
): string | undefined {
  const unclear = (names: readonly string[], types: readonly (Known | undefined)[]) =>
    names.find((name, i) => name !== '' && !isConcrete(types[i]?.shape))
  return unclear(node.inputs, inputs) ?? unclear(node.outputs, outputs)
}

type KnownNode = NonNullable<ReturnType<Inference['calls']['get']>>

function countAccesses(node: Node, { operator, call }: KnownNode): Pick<NodeCount, 'reads' | 'writes'> {
  const special = accessesOf(operator, call)
  if (special === 'view') return { reads: new Map(), writes: new Map() }
  return {
    reads: moved(node.inputs, call.inputs, special?.reads),
    writes: moved(node.outputs, call.outputs, special?.writes),
  }
}

/** A value that a node names twice moves once. */
function moved(
  names: readonly string[],
  types: readonly (Known | undefined)[],
  counts: readonly number[] | undefined,
): Map<string, Moved> {
  const result = new Map<string, Moved>()
  names.forEach((name, i) => {
    if (name === '') return
    const elements = counts ? (counts[i] ?? 0) : elementCount(types[i]?.shape)!
    if (elements <= (result.get(name)?.elements ?? 0)) return
    const type: ElementType | undefined = types[i]?.elementType
    result.set(name, { elements, bytes: type === undefined ? null : byteLengthOf(type, elements) })
  })
  return result
}
