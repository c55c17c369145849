import type { TrainingOf } from './operator.ts'
import { clipGradient, derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = max(0, X) (ONNX Relu). dX = dY where Y > 0. */
export const relu = unary('Relu', {
  forward: (x) => Math.max(0, x),
  cost: { others: 1 },
  fusion: 'follower',
  epilogue: () => ({ kind: 'clamp', lo: 0, hi: Number.POSITIVE_INFINITY }),
  saturates: true,
})

export const reluTraining: TrainingOf<typeof relu> = {
  backward: (call) => derivative(call, ({ dy, y }) => clipGradient(call, dy, y, 0)),
}
