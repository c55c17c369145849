import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = acosh(X) (ONNX Acosh). dX = dY / √(X² − 1). */
export const acosh = unary('Acosh', {
  forward: Math.acosh,
  backward: derivative(({ mul, sub, div, of, dy, x }) => div(dy, of('Sqrt', sub(mul(x, x), 1)))),
  cost: { others: 1 },
})
