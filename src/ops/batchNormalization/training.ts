import { elementCount } from '../../base/index.ts'
import { attributeOf, type Call, type Node, nodeLabel, type TrainingRule } from '../../graph/index.ts'
import { wrong } from '../shared/check.ts'
import type { BatchNormalizationAttributes } from './attributes.ts'

/**
 * Normalises by mean and variance of the batch, and keeps running ones: running ← momentum · running + (1 − momentum) · batch, with the
 * variance that divides by the count of elements, as ONNX says. The momentum is the node's (0.9 by default; PyTorch calls that 0.1, and divides
 * the variance by one less).
 */
export const batchNormalizationForm: TrainingRule<BatchNormalizationAttributes> = (call, fresh) => {
  const { node, attributes } = call
  if (attributes.perElement) throw wrong(call, 'it cannot be trained with spatial = 0', 'Export the model again.')
  const shape = call.outputs[0]?.shape ?? []
  if (elementCount(shape)! <= Number(shape[1] ?? 1))
    throw wrong(call, 'it has one value per channel, which has no variance', 'Train with a larger batch.')
  const label = nodeLabel(node)
  return {
    node: {
      ...node,
      outputs: [
        node.outputs[0]!,
        node.outputs[1] || fresh(`${label}/mean_after`),
        node.outputs[2] || fresh(`${label}/variance_after`),
      ],
      attributes: new Map([...node.attributes, ['training_mode', attributeOf(1)]]),
    },
    statistics: [
      { input: 3, output: 1 },
      { input: 4, output: 2 },
    ],
  }
}

/** By its running statistics. Those that are computed (the batch's own, say) are none, and who asks for the next ones asks for training. */
export function batchNormalizationInference(
  { node, attributes }: Call<BatchNormalizationAttributes>,
  isConstant: (input: number) => boolean,
): Node | undefined {
  if (!attributes.training || !isConstant(3) || !isConstant(4)) return undefined
  if (node.outputs.slice(1).some((name) => name !== '')) return undefined
  const others = [...node.attributes].filter(([name]) => name !== 'training_mode')
  return { ...node, outputs: node.outputs.slice(0, 1), attributes: new Map(others) }
}
