import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = sinh(X) (ONNX Sinh). dX = dY·cosh X. */
export const sinh = unary('Sinh', {
  forward: Math.sinh,
  backward: derivative(({ mul, of, dy, x }) => mul(dy, of('Cosh', x))),
  cost: { others: 1 },
})
