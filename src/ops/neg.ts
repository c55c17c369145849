import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = −X (ONNX Neg). dX = −dY. */
export const neg = unary('Neg', {
  forward: (x) => (x === 0 ? 0 : -x),
  backward: derivative(({ of, dy }) => of('Neg', dy)),
  cost: { others: 1 },
})
