import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = asinh(X) (ONNX Asinh). dX = dY / √(X² + 1). */
export const asinh = unary('Asinh', {
  forward: Math.asinh,
  backward: derivative(({ mul, add, div, of, dy, x }) => div(dy, of('Sqrt', add(mul(x, x), 1)))),
  cost: { others: 1 },
})
