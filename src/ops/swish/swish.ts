import { logistic } from '../sigmoid/sigmoid.ts'
import { unary } from '../unary.ts'

/**
 * Y = X · sigmoid(alpha·X); alpha 1 (ONNX Swish, opset 24).
 * Cost per element: two multiplications (one where alpha is 1), exponential, addition, division.
 */
export const swish = unary<number>('Swish', {
  attributes: (a) => a.float('alpha', 1),
  forward: (x, alpha) => x * logistic(alpha * x),
  cost: (alpha) => ({ adds: 1, muls: alpha === 1 ? 1 : 2, others: 2 }),
  fusion: 'follower',
})
