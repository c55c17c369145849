import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = sinh(X) (ONNX Sinh). dX = dY·cosh X. */
export const sinh = unary('Sinh', {
  forward: Math.sinh,
  cost: { others: 1 },
})

export const sinhTraining: TrainingOf<typeof sinh> = {
  backward: (call) => derivative(call, ({ mul, of, dy, x }) => mul(dy, of('Cosh', x))),
}
