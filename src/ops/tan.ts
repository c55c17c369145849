import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = tan(X) (ONNX Tan). dX = dY·(1 + Y²). */
export const tan = unary('Tan', {
  forward: Math.tan,
  backward: derivative(({ mul, add, dy, y }) => mul(dy, add(1, mul(y, y)))),
  cost: { others: 1 },
})
