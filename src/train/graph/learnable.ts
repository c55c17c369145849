import { isConcrete } from '../../base/index.ts'
import { ParameterFinder } from '../../cost/index.ts'
import {
  type Analysis,
  type InferredCall,
  type Node,
  nodeLabel,
  type Operator,
  type Tensor,
} from '../../graph/index.ts'
import type { ParameterGroup } from '../optimisers/parameter.ts'

/** A stored tensor that training changes. */
export interface Learnable {
  readonly name: string
  readonly shape: readonly number[]
  readonly group: ParameterGroup
  /** What it starts from. */
  readonly tensor: Tensor
  /** The nodes that learn it, by name or label. */
  readonly layers: readonly string[]
}

/** Convolutions and linear layers, as against a scale or shift per channel. Of what has no shape, or one that follows from data, nothing is known: it is none. */
export function isLayer({ cost }: Operator, call: InferredCall): boolean {
  const isKnown = [...call.inputs, ...call.outputs].every((known) => !known || isConcrete(known.shape))
  return typeof cost === 'function' && isKnown && (cost(call).macs ?? 0) > 0
}

/**
 * What the operators say they learn, where it is float32, in the order of the graph. A tensor that several nodes read is one parameter.
 * Weights of layers decay; those behind a surrogate gradient, which only says a direction, are in the group `adder`.
 */
export function learnableOf(analysis: Analysis): Learnable[] {
  const { model } = analysis
  const finder = new ParameterFinder(analysis)
  const found = new Map<string, Learnable>()
  for (const node of model.graph.nodes)
    for (const { name, tensor } of finder.of(node)) {
      if (tensor.elementType !== 'float32') continue
      const group = groupOf(node, tensor, analysis)
      // A layer's weight may come through nodes that scale it (DequantizeLinear): it is the layer's.
      const known = found.get(name)
      const layers = [...(known?.layers ?? []), nodeLabel(node)]
      const kept = known && (known.group !== 'noDecay' || group === 'noDecay') ? known.group : group
      found.set(name, { name, shape: tensor.shape, group: kept, tensor, layers })
    }
  return [...found.values()]
}

function groupOf(node: Node, { shape }: Tensor, { calls }: Analysis): ParameterGroup {
  const { operator, call } = calls.get(node) ?? {}
  if (!operator || !call || shape.length < 2) return 'noDecay'
  if (operator.surrogate && !operator.straightThrough) return 'adder'
  return isLayer(operator, call) ? 'decay' : 'noDecay'
}
