import type { ElementType } from '../base/index.ts'
import {
  analyse,
  type Constants,
  editGraph,
  type InferredCall,
  type Model,
  type Node,
  nodeLabel,
  type Operator,
  simplified,
} from '../graph/index.ts'
import { operators } from '../ops/index.ts'
import { UnsupportedError } from './errors.ts'
import { widenTensor, withoutHalves } from './widen.ts'

/** A node that runs, with what is known of it. */
export interface Unit {
  readonly node: Node
  readonly operator: Operator
  readonly call: InferredCall
}

/** A model made ready for given input shapes: functions inlined, shapes inferred, halves widened, everything constant set apart. */
export interface Prepared extends Constants {
  readonly model: Model
  /** Element types of values as the model has them. */
  readonly declared: ReadonlyMap<string, ElementType>
  /** Nodes that depend on the inputs, in order. */
  readonly units: readonly Unit[]
  /** Whether a value is known before running. */
  isConstant(value: string): boolean
}

/**
 * @param inputShapes concrete, one per input
 * @throws UnsupportedError naming the first node of an operator that Kerf does not know
 */
export function prepare(given: Model, inputShapes: ReadonlyMap<string, readonly number[]>): Prepared {
  const simple = simplified(given, operators, { inputShapes })
  const model = editGraph(simple).dropUnreadOutputs().model()
  const asGiven = analyse(model, operators, { inputShapes })
  const inference = withoutHalves(asGiven)
  const stored = new Map([...asGiven.stored].map(([name, tensor]) => [name, widenTensor(tensor)]))
  const declared = new Map(
    [...asGiven.values].flatMap(([name, { elementType }]) => (elementType ? [[name, elementType]] : [])),
  )
  const units: Unit[] = []
  for (const node of model.graph.nodes) {
    const known = inference.calls.get(node)
    if (!known)
      throw new UnsupportedError(node.domain, node.opType, nodeLabel(node), 'Kerf does not know this operator')
    if (!node.outputs.every((o) => o === '' || inference.constants.has(o))) units.push({ node, ...known })
  }
  return {
    ...inference,
    ...{ model, stored, declared, units },
    producers: asGiven.producers,
    isConstant: (value) => inference.constants.has(value),
  }
}
