import { clipGradient, derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = max(0, X) (ONNX Relu). dX = dY where Y > 0. */
export const relu = unary('Relu', {
  forward: (x) => Math.max(0, x),
  backward: derivative(({ dy, y, call }) => clipGradient(call, dy, y, 0)),
  cost: { others: 1 },
  fusion: 'follower',
  saturates: true,
})
