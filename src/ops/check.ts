import { type ElementType, NodeError, normalizeAxis, type Shape } from '../base/index.ts'
import { type Call, type Dense, type Known, nodeLabel } from '../graph/index.ts'

/** An error at this node, with the shapes of its inputs. */
export function wrong(call: Call, problem: string, remedy?: string): NodeError {
  const shapes = Object.fromEntries(
    call.node.inputs.flatMap((name, i) => (name === '' ? [] : [[name, call.inputs[i]?.shape] as const])),
  )
  return new NodeError('wrong-node', { opType: call.node.opType, node: nodeLabel(call.node), problem, shapes, remedy })
}

/** A required input. @throws NodeError when the node has none there */
export function required(call: Call, input: number): Known {
  const known = call.inputs[input]
  if (!known) throw wrong(call, `input ${input} is missing`, 'Export the model again.')
  return known
}

/** The content of an input that must be known to infer shapes; undefined when it depends on data. */
export function contentOf(call: Call, input: number): readonly number[] | undefined {
  const value = call.inputs[input]?.value
  return value && Array.from(value.data)
}

/** `-1` counts from the end. @throws NodeError when out of range */
export function axisOf(call: Call, axis: number, rank: number): number {
  const a = normalizeAxis(axis, rank)
  if (a === undefined) throw wrong(call, `axis ${axis} is out of range for ${rank} dimensions`)
  return a
}

/** One output of the given type. */
export function typed(elementType: ElementType | undefined, shape: Shape | undefined): Known {
  return { elementType, shape }
}

export function dense(elementType: ElementType, shape: readonly number[], data: ArrayLike<number>): Dense {
  return { elementType, shape, data }
}
