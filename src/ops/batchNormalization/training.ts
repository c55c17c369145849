import { elementCount } from '../../base/index.ts'
import { attributeOf, nodeLabel, type TrainingRule } from '../../graph/index.ts'
import { wrong } from '../check.ts'
import type { BatchNormalizationAttributes } from './batchNormalization.ts'

/**
 * Normalises by mean and variance of the batch, and keeps running ones: running ← momentum · running + (1 − momentum) · batch, with the
 * variance that divides by the count of elements, as ONNX says. The momentum is the node's (0.9 by default; PyTorch calls that 0.1, and divides
 * the variance by one less).
 */
export const batchNormalizationTraining: TrainingRule<BatchNormalizationAttributes> = (call, fresh) => {
  const { node, attributes } = call
  if (attributes.perElement) throw wrong(call, 'it cannot be trained with spatial = 0', 'Export the model again.')
  const shape = call.outputs[0]?.shape ?? []
  if ((elementCount(shape) as number) <= Number(shape[1] ?? 1))
    throw wrong(call, 'it has one value per channel, which has no variance', 'Train with a larger batch.')
  const label = nodeLabel(node)
  return {
    node: {
      ...node,
      outputs: [node.outputs[0] as string, fresh(`${label}/mean_after`), fresh(`${label}/variance_after`)],
      attributes: new Map([...node.attributes, ['training_mode', attributeOf(1)]]),
    },
    statistics: [
      { input: 3, output: 1 },
      { input: 4, output: 2 },
    ],
  }
}
