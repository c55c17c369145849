import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = |X| (ONNX Abs). dX = dY·sign X. */
export const abs = unary('Abs', {
  forward: Math.abs,
  backward: derivative(({ mul, of, dy, x }) => mul(dy, of('Sign', x))),
  cost: { others: 1 },
})
