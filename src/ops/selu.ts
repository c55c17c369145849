import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/**
 * Y = gamma·X for X > 0, else gamma·alpha·(exp(X) − 1) (ONNX Selu, opset 1, 6, 22). dX = gamma·dY for X > 0, else dY·(Y + gamma·alpha).
 * Cost per element: comparison, exponential, subtraction, two multiplications.
 */
export const selu = unary('Selu', {
  // The first version's defaults have fewer digits.
  attributes: (a, opset) => ({
    alpha: a.float('alpha', opset < 6 ? 1.6732 : 1.6732631921768188),
    gamma: a.float('gamma', opset < 6 ? 1.0507 : 1.0507010221481323),
  }),
  forward: (x, { alpha, gamma }) => gamma * (x > 0 ? x : alpha * Math.expm1(x)),
  cost: { adds: 1, muls: 2, others: 2 },
  fusion: 'follower',
})

export const seluTraining: TrainingOf<typeof selu> = {
  backward: (call) =>
    derivative(call, ({ mul, add, positive, dy, x, y, attributes: { alpha, gamma } }) =>
      mul(dy, positive(x, gamma, add(y, gamma * alpha))),
    ),
}
