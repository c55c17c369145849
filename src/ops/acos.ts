import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = acos(X) (ONNX Acos). dX = −dY / √(1 − X²). */
export const acos = unary('Acos', {
  forward: Math.acos,
  backward: derivative(({ mul, sub, div, of, dy, x }) => of('Neg', div(dy, of('Sqrt', sub(1, mul(x, x)))))),
  cost: { others: 1 },
})
