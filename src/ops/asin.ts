import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = asin(X) (ONNX Asin). dX = dY / √(1 − X²). */
export const asin = unary('Asin', {
  forward: Math.asin,
  cost: { others: 1 },
})

export const asinTraining: TrainingOf<typeof asin> = {
  backward: (call) => derivative(call, ({ mul, sub, div, of, dy, x }) => div(dy, of('Sqrt', sub(1, mul(x, x))))),
}
