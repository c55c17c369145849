import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = exp(X) (ONNX Exp). dX = dY·Y. */
export const exp = unary('Exp', {
  forward: Math.exp,
  cost: { others: 1 },
})

export const expTraining: TrainingOf<typeof exp> = {
  backward: (call) => derivative(call, ({ mul, dy, y }) => mul(dy, y)),
}
