import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = cos(X) (ONNX Cos). dX = −dY·sin X. */
export const cos = unary('Cos', {
  forward: Math.cos,
  backward: derivative(({ mul, of, dy, x }) => of('Neg', mul(dy, of('Sin', x)))),
  cost: { others: 1 },
})
