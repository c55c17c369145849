import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = asin(X) (ONNX Asin). dX = dY / √(1 − X²). */
export const asin = unary('Asin', {
  forward: Math.asin,
  backward: derivative(({ mul, sub, div, of, dy, x }) => div(dy, of('Sqrt', sub(1, mul(x, x))))),
  cost: { others: 1 },
})
