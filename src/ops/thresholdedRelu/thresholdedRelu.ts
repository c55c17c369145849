import { unary } from '../unary.ts'

/** Y = X for X > alpha, else 0; alpha 1 (ONNX ThresholdedRelu, opset 10, 22). Cost per element: one comparison. */
export const thresholdedRelu = unary<number>('ThresholdedRelu', {
  attributes: (a) => a.float('alpha', 1),
  forward: (x, alpha) => (x > alpha ? x : 0),
  cost: { others: 1 },
  fusion: 'follower',
})
