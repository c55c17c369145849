import type { TrainingOf } from './operator.ts'
import { clipGradient, derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = X for X > alpha, else 0; alpha 1 (ONNX ThresholdedRelu, opset 10, 22). dX = dY for X > alpha. Cost per element: one comparison. */
export const thresholdedRelu = unary('ThresholdedRelu', {
  attributes: (a) => a.float('alpha', 1),
  forward: (x, alpha) => (x > alpha ? x : 0),
  cost: { others: 1 },
  fusion: 'follower',
  saturates: true,
})

export const thresholdedReluTraining: TrainingOf<typeof thresholdedRelu> = {
  backward: (call) => derivative(call, ({ dy, x, attributes: alpha }) => clipGradient(call, dy, x, alpha)),
}
