import { unary } from '../unary.ts'

/** Y = tanh(X) (ONNX Tanh). Cost per element: one function value. */
export const tanh = unary('Tanh', { forward: Math.tanh, cost: { others: 1 }, fusion: 'follower' })
