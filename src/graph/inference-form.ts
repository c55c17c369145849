import { analyse } from './analysis.ts'
import type { Model } from './model.ts'
import type { OperatorSet } from './operator.ts'
import { withoutUnreadOutputs } from './traverse.ts'

/**
 * A model that was exported for training, as it is in inference: BatchNormalization takes its running statistics, Dropout lets everything through.
 * A node stays as it is where that needs something that is not there (statistics that are computed, outputs that somebody reads).
 * @returns the same model where nothing changes
 */
export function inferenceForm(model: Model, operators: OperatorSet): Model {
  if (!model.graph.nodes.some((n) => operators.get(n.domain, n.opType)?.inference)) return model
  const graph = withoutUnreadOutputs(model.graph)
  const { calls, constants } = analyse({ ...model, graph }, operators)
  let changed = false
  const nodes = graph.nodes.map((node) => {
    const known = calls.get(node)
    if (!known?.operator.inference) return node
    const inferring = known.operator.inference(known.call, (i) => constants.has(node.inputs[i] ?? ''))
    changed ||= inferring !== undefined
    return inferring ?? node
  })
  return changed ? { ...model, graph: { ...graph, nodes } } : model
}
