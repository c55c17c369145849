import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = cosh(X) (ONNX Cosh). dX = dY·sinh X. */
export const cosh = unary('Cosh', {
  forward: Math.cosh,
  cost: { others: 1 },
})

export const coshTraining: TrainingOf<typeof cosh> = {
  backward: (call) => derivative(call, ({ mul, of, dy, x }) => mul(dy, of('Sinh', x))),
}
