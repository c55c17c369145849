import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = sin(X) (ONNX Sin). dX = dY·cos X. */
export const sin = unary('Sin', {
  forward: Math.sin,
  backward: derivative(({ mul, of, dy, x }) => mul(dy, of('Cos', x))),
  cost: { others: 1 },
})
