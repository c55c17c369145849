import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = tan(X) (ONNX Tan). dX = dY·(1 + Y²). */
export const tan = unary('Tan', {
  forward: Math.tan,
  cost: { others: 1 },
})

export const tanTraining: TrainingOf<typeof tan> = {
  backward: (call) => derivative(call, ({ mul, add, dy, y }) => mul(dy, add(1, mul(y, y)))),
}
