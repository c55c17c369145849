import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = √X (ONNX Sqrt). dX = dY / 2Y. */
export const sqrt = unary('Sqrt', {
  forward: Math.sqrt,
  backward: derivative(({ div, mul, dy, y }) => div(dy, mul(2, y))),
  cost: { others: 1 },
})
