import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/**
 * Y = max(0, X) + min(0, alpha·(exp(X/alpha) − 1)); alpha 1 (ONNX Celu, opset 12). dX = dY for X > 0, else dY·(Y/alpha + 1).
 * Cost per element: two comparisons, division, exponential, subtraction, multiplication, addition.
 */
export const celu = unary('Celu', {
  attributes: (a) => a.float('alpha', 1),
  forward: (x, alpha) => Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha)),
  cost: { adds: 2, muls: 1, others: 4 },
  fusion: 'follower',
})

export const celuTraining: TrainingOf<typeof celu> = {
  backward: (call) =>
    derivative(call, ({ mul, add, div, positive, dy, x, y, attributes: alpha }) =>
      mul(dy, positive(x, 1, add(div(y, alpha), 1))),
    ),
}
