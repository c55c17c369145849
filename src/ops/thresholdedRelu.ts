import { clipGradient, derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = X for X > alpha, else 0; alpha 1 (ONNX ThresholdedRelu, opset 10, 22). dX = dY for X > alpha. Cost per element: one comparison. */
export const thresholdedRelu = unary('ThresholdedRelu', {
  attributes: (a) => a.float('alpha', 1),
  forward: (x, alpha) => (x > alpha ? x : 0),
  backward: derivative(({ dy, x, attributes: alpha, call }) => clipGradient(call, dy, x, alpha)),
  cost: { others: 1 },
  fusion: 'follower',
  saturates: true,
})
