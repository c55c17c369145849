import { unary } from '../unary.ts'

/**
 * Y = X for X ≥ 0, else alpha·(exp(X) − 1); alpha 1 (ONNX Elu, opset 6, 22).
 * Cost per element: comparison, exponential, subtraction, multiplication.
 */
export const elu = unary<number>('Elu', {
  attributes: (a) => a.float('alpha', 1),
  forward: (x, alpha) => (x < 0 ? alpha * Math.expm1(x) : x),
  cost: { adds: 1, muls: 1, others: 2 },
  fusion: 'follower',
})
