import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/**
 * Y = X for X ≥ 0, else alpha·X; alpha 0.01 (ONNX LeakyRelu, opset 6, 16). dX = dY for X > 0, else alpha·dY.
 * Cost per element: one comparison, one multiplication.
 */
export const leakyRelu = unary('LeakyRelu', {
  attributes: (a) => a.float('alpha', 0.01),
  forward: (x, alpha) => (x < 0 ? alpha * x : x),
  cost: { muls: 1, others: 1 },
  fusion: 'follower',
})

export const leakyReluTraining: TrainingOf<typeof leakyRelu> = {
  backward: (call) =>
    derivative(call, ({ mul, positive, dy, x, attributes: alpha }) => positive(x, dy, mul(dy, alpha))),
}
