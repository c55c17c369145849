import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = −X (ONNX Neg). dX = −dY. */
export const neg = unary('Neg', {
  forward: (x) => (x === 0 ? 0 : -x),
  cost: { others: 1 },
})

export const negTraining: TrainingOf<typeof neg> = {
  backward: (call) => derivative(call, ({ of, dy }) => of('Neg', dy)),
}
