import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = cosh(X) (ONNX Cosh). dX = dY·sinh X. */
export const cosh = unary('Cosh', {
  forward: Math.cosh,
  backward: derivative(({ mul, of, dy, x }) => mul(dy, of('Sinh', x))),
  cost: { others: 1 },
})
