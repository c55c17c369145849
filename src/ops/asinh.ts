import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = asinh(X) (ONNX Asinh). dX = dY / √(X² + 1). */
export const asinh = unary('Asinh', {
  forward: Math.asinh,
  cost: { others: 1 },
})

export const asinhTraining: TrainingOf<typeof asinh> = {
  backward: (call) => derivative(call, ({ mul, add, div, of, dy, x }) => div(dy, of('Sqrt', add(mul(x, x), 1)))),
}
