import { unary } from '../unary.ts'

/**
 * Y = X · tanh(ln(1 + exp(X))) (ONNX Mish, opset 18, 22).
 * Cost per element: exponential, addition, logarithm, hyperbolic tangent, multiplication.
 */
export const mish = unary('Mish', {
  forward: (x) => x * Math.tanh(Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  cost: { adds: 1, muls: 1, others: 3 },
  fusion: 'follower',
})
