import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = 1 / X (ONNX Reciprocal). dX = −dY·Y². */
export const reciprocal = unary('Reciprocal', {
  forward: (x) => 1 / x,
  cost: { others: 1 },
})

export const reciprocalTraining: TrainingOf<typeof reciprocal> = {
  backward: (call) => derivative(call, ({ mul, of, dy, y }) => of('Neg', mul(dy, mul(y, y)))),
}
