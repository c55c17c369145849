import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = atan(X) (ONNX Atan). dX = dY / (1 + X²). */
export const atan = unary('Atan', {
  forward: Math.atan,
  backward: derivative(({ mul, add, div, dy, x }) => div(dy, add(1, mul(x, x)))),
  cost: { others: 1 },
})
