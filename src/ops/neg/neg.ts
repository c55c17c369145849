import { derivative } from '../backward.ts'
import { unary } from '../unary.ts'

/** Y = −X (ONNX Neg). dX = −dY. */
export const neg = unary('Neg', {
  forward: (x) => (x === 0 ? 0 : -x),
  backward: derivative(({ of, dy }) => of('Neg', dy)),
  cost: { others: 1 },
})
