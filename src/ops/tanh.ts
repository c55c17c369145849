import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = tanh(X) (ONNX Tanh). dX = dY·(1 − Y²). Cost per element: one function value. */
export const tanh = unary('Tanh', {
  forward: Math.tanh,
  cost: { others: 1 },
  fusion: 'follower',
  saturates: true,
})

export const tanhTraining: TrainingOf<typeof tanh> = {
  backward: (call) => derivative(call, ({ mul, sub, dy, y }) => mul(dy, sub(1, mul(y, y)))),
}
