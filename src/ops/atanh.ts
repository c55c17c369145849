import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = atanh(X) (ONNX Atanh). dX = dY / (1 − X²). */
export const atanh = unary('Atanh', {
  forward: Math.atanh,
  backward: derivative(({ mul, sub, div, dy, x }) => div(dy, sub(1, mul(x, x)))),
  cost: { others: 1 },
})
