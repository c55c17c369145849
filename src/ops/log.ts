import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = ln(X) (ONNX Log). dX = dY / X. */
export const log = unary('Log', {
  forward: Math.log,
  cost: { others: 1 },
})

export const logTraining: TrainingOf<typeof log> = {
  backward: (call) => derivative(call, ({ div, dy, x }) => div(dy, x)),
}
