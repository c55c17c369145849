import { analyse } from './analysis.ts'
import { editGraph } from './editor.ts'
import type { Model } from './model.ts'
import type { OperatorSet } from './operator.ts'

/**
 * A model that was exported for training, as it is in inference: BatchNormalization takes its running statistics, Dropout lets everything through.
 * A node stays as it is where that needs something that is not there (statistics that are computed, outputs that somebody reads).
 * @returns the same model where nothing changes
 */
export function inferenceForm(model: Model, operators: OperatorSet): Model {
  if (!model.graph.nodes.some((n) => operators.get(n.domain, n.opType)?.inference)) return model
  const editor = editGraph(model).dropUnreadOutputs()
  const { calls, constants } = analyse(editor.model(), operators)
  const before = editor.nodes
  editor.rewrite((node) => {
    const known = calls.get(node)
    return known?.operator.inference?.(known.call, (i) => constants.has(node.inputs[i] ?? '')) ?? node
  })
  return editor.nodes.some((node, i) => node !== before[i]) ? editor.model() : model
}
