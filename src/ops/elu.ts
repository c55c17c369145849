import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/**
 * Y = X for X ≥ 0, else alpha·(exp(X) − 1); alpha 1 (ONNX Elu, opset 6, 22). dX = dY for X > 0, else dY·(Y + alpha).
 * Cost per element: comparison, exponential, subtraction, multiplication.
 */
export const elu = unary('Elu', {
  attributes: (a) => a.float('alpha', 1),
  forward: (x, alpha) => (x < 0 ? alpha * Math.expm1(x) : x),
  cost: { adds: 1, muls: 1, others: 2 },
  fusion: 'follower',
})

export const eluTraining: TrainingOf<typeof elu> = {
  backward: (call) =>
    derivative(call, ({ mul, add, positive, dy, x, y, attributes: alpha }) => mul(dy, positive(x, 1, add(y, alpha)))),
}
