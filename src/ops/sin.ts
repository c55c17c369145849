import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = sin(X) (ONNX Sin). dX = dY·cos X. */
export const sin = unary('Sin', {
  forward: Math.sin,
  cost: { others: 1 },
})

export const sinTraining: TrainingOf<typeof sin> = {
  backward: (call) => derivative(call, ({ mul, of, dy, x }) => mul(dy, of('Cos', x))),
}
