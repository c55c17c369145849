import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = √X (ONNX Sqrt). dX = dY / 2Y. */
export const sqrt = unary('Sqrt', {
  forward: Math.sqrt,
  cost: { others: 1 },
})

export const sqrtTraining: TrainingOf<typeof sqrt> = {
  backward: (call) => derivative(call, ({ div, mul, dy, y }) => div(dy, mul(2, y))),
}
