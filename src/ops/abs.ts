import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = |X| (ONNX Abs). dX = dY·sign X. */
export const abs = unary('Abs', {
  forward: Math.abs,
  cost: { others: 1 },
})

export const absTraining: TrainingOf<typeof abs> = {
  backward: (call) => derivative(call, ({ mul, of, dy, x }) => mul(dy, of('Sign', x))),
}
