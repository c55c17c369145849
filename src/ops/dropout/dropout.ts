import type { BackwardRule, Known } from '../../graph/index.ts'
import { defineOperator, type TrainingOf } from '../operator.ts'
import { algebra } from '../shared/backward.ts'
import { contentOf, dense, required, typed, wrong } from '../shared/check.ts'
import { dropoutForm } from './training.ts'

/**
 * In inference dX = dY. In training what was dropped is random, and only the mask knows it: dX = dY / (1 − ratio) where the mask is true, so the node
 * must have its second output.
 */
const dropoutBackward: BackwardRule = (call) => {
  const [dy] = call.gradients
  if (dy === undefined) return []
  const training = call.node.inputs[2] ? contentOf(call, 2) : [0]
  if (!training) throw wrong(call, 'no gradient passes while training_mode depends on data')
  if (!training[0]) return [dy]
  const ratio = call.node.inputs[1] ? contentOf(call, 1)?.[0] : 0.5
  const [, mask] = call.node.outputs
  if (!mask || ratio === undefined)
    throw wrong(
      call,
      mask ? 'no gradient passes while ratio depends on data' : 'in training no gradient passes without the mask',
      mask ? undefined : 'Give the node its second output.',
    )
  const kept = ratio === 0 ? dy : algebra(call.emit).div(dy, 1 - ratio)
  return [call.emit.node('Where', [mask, kept, call.emit.floats([0])])]
}

/**
 * Passes X through in inference (ONNX Dropout, opset 7, 10, 12 with ratio and training_mode as inputs, 13, 22); the second output, where
 * asked for, is the mask: of X's type before opset 10, then boolean. Counted as what it is in inference, where runtimes drop it: no
 * arithmetic, nothing moves. A graph with training_mode = true is counted and run the same way, as by ONNX Runtime where it optimises: a run is inference, and repeats.
 * The trainer draws the masks itself.
 */
export const dropout = defineOperator({
  name: 'Dropout',
  inputs: (opset) =>
    opset < 12
      ? ['data: floating|narrow']
      : ['data: floating|narrow', 'ratio?: floating|narrow', 'training_mode?: bool'],
  infer: (call) => {
    const { elementType, shape } = required(call, 0)
    const outputs: Known[] = [typed(elementType, shape), typed(call.opset < 10 ? elementType : 'bool', shape)]
    return outputs.slice(0, call.node.outputs.length)
  },
  forward: (call, [x]) => {
    if (!x) return []
    const mask = dense(call.opset < 10 ? x.elementType : 'bool', x.shape, new Uint8Array(x.data.length).fill(1))
    return [x, mask].slice(0, call.node.outputs.length)
  },
  cost: 'none',
  accesses: 'view',
  fusion: 'follower',
})

export const dropoutTraining: TrainingOf<typeof dropout> = {
  inference: (call) => (call.inputs[2] ? { ...call.node, inputs: call.node.inputs.slice(0, 2) } : undefined),
  backward: dropoutBackward,
  training: dropoutForm,
}
