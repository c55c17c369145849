import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = atan(X) (ONNX Atan). dX = dY / (1 + X²). */
export const atan = unary('Atan', {
  forward: Math.atan,
  cost: { others: 1 },
})

export const atanTraining: TrainingOf<typeof atan> = {
  backward: (call) => derivative(call, ({ mul, add, div, dy, x }) => div(dy, add(1, mul(x, x)))),
}
