import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = ln(X) (ONNX Log). dX = dY / X. */
export const log = unary('Log', {
  forward: Math.log,
  backward: derivative(({ div, dy, x }) => div(dy, x)),
  cost: { others: 1 },
})
