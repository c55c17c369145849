import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = acosh(X) (ONNX Acosh). dX = dY / √(X² − 1). */
export const acosh = unary('Acosh', {
  forward: Math.acosh,
  cost: { others: 1 },
})

export const acoshTraining: TrainingOf<typeof acosh> = {
  backward: (call) => derivative(call, ({ mul, sub, div, of, dy, x }) => div(dy, of('Sqrt', sub(mul(x, x), 1)))),
}
