import { AttributeReader, nodeLabel, type TrainingRule } from '../../graph/index.ts'
import { contentOf, wrong } from '../shared/check.ts'

/** X times a mask that is fed. So the random numbers are the trainer's, and a step can be made again. */
export const dropoutForm: TrainingRule = (call, fresh) => {
  const { node, opset } = call
  const rate =
    (opset < 12 ? new AttributeReader(node).float('ratio') : node.inputs[1] && contentOf(call, 1)?.[0]) ?? 0.5
  if (typeof rate !== 'number' || !(rate >= 0 && rate < 1))
    throw wrong(call, `its ratio is ${rate || 'not known'}; expected one of at least 0 and below 1`)
  if (node.outputs[1]) throw wrong(call, 'its mask is read, which cannot be trained', 'Take out what reads it.')
  if (rate === 0) return undefined
  const mask = fresh(`${nodeLabel(node)}/mask`)
  return {
    node: { ...node, opType: 'Mul', inputs: [node.inputs[0]!, mask], attributes: new Map() },
    dropout: { input: 1, rate, shape: call.outputs[0]?.shape as readonly number[] },
  }
}
