import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = exp(X) (ONNX Exp). dX = dY·Y. */
export const exp = unary('Exp', {
  forward: Math.exp,
  backward: derivative(({ mul, dy, y }) => mul(dy, y)),
  cost: { others: 1 },
})
