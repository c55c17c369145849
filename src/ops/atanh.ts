import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = atanh(X) (ONNX Atanh). dX = dY / (1 − X²). */
export const atanh = unary('Atanh', {
  forward: Math.atanh,
  cost: { others: 1 },
})

export const atanhTraining: TrainingOf<typeof atanh> = {
  backward: (call) => derivative(call, ({ mul, sub, div, dy, x }) => div(dy, sub(1, mul(x, x)))),
}
