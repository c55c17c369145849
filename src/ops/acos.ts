import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = acos(X) (ONNX Acos). dX = −dY / √(1 − X²). */
export const acos = unary('Acos', {
  forward: Math.acos,
  cost: { others: 1 },
})

export const acosTraining: TrainingOf<typeof acos> = {
  backward: (call) =>
    derivative(call, ({ mul, sub, div, of, dy, x }) => of('Neg', div(dy, of('Sqrt', sub(1, mul(x, x)))))),
}
