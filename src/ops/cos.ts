import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = cos(X) (ONNX Cos). dX = −dY·sin X. */
export const cos = unary('Cos', {
  forward: Math.cos,
  cost: { others: 1 },
})

export const cosTraining: TrainingOf<typeof cos> = {
  backward: (call) => derivative(call, ({ mul, of, dy, x }) => of('Neg', mul(dy, of('Sin', x)))),
}
