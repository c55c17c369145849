import { isFloating } from '../base/index.ts'
import { type Model, sourcesOf, type Tensor, widenTensor } from '../graph/index.ts'
import type { Plan } from './plan.ts'
import { prepared } from './units.ts'

/**
 * The plan for the same network with other weights, as a step of training leaves them.
 * @returns undefined where that may need another plan: the nodes differ, or what has changed has decided something
 */
export function withWeights(plan: Plan, model: Model): Plan | undefined {
  const changed = changedWeights(plan.model, model)
  const { prepared: before } = plan
  // What was unfolded or inlined may have been so for what they hold, and has given them other names.
  if (!changed || before.isUnfolded) return undefined
  const stored = new Map([...before.stored].map(([name, tensor]) => [name, changed.get(tensor) ?? tensor]))
  for (const decisive of before.decisive) {
    const sources = sourcesOf(before, decisive)
    if (!sources || [...sources].some((name) => changed.has(before.stored.get(name)!))) return undefined
  }
  const { graph } = before.model
  const initializers = new Map(
    [...graph.initializers.keys()].map((name) => [name, model.graph.initializers.get(name)!]),
  )
  const own = { ...before.model, graph: { ...graph, initializers } }
  return { ...plan, model, prepared: prepared({ ...before, model: own, stored }, [...before.decisive]) }
}

/** New tensors by those whose place they take, both as plans have them; undefined where more has changed than floats. */
function changedWeights(before: Model, after: Model): ReadonlyMap<Tensor, Tensor> | undefined {
  const [a, b] = [before.graph, after.graph]
  const said = ({ graph, opsetImports, functions }: Model) =>
    JSON.stringify([
      [graph.inputs, graph.outputs].map((list) => list.map(({ name, type }) => [name, type])),
      [[...opsetImports], functions.length, [...graph.initializers.keys()]],
    ])
  const sameFunctions = before.functions.every((f, i) => f === after.functions[i])
  const sameNodes = a.nodes.length === b.nodes.length && a.nodes.every((node, i) => node === b.nodes[i])
  if (!sameNodes || !sameFunctions || said(before) !== said(after)) return undefined
  const changed = new Map<Tensor, Tensor>()
  for (const [name, tensor] of a.initializers) {
    const other = b.initializers.get(name)!
    if (other === tensor) continue
    const isWeight = isFloating(tensor.elementType) && tensor.shape.length > 0
    if (!isWeight || other.elementType !== tensor.elementType || other.shape.join() !== tensor.shape.join())
      return undefined
    changed.set(widenTensor(tensor), widenTensor(other))
  }
  return changed
}
