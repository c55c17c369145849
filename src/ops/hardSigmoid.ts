import type { TrainingOf } from './operator.ts'
import { clipGradient, derivative } from './shared/backward.ts'
import { probability } from './shared/range-rules.ts'
import { unary } from './shared/unary.ts'

/**
 * Y = max(0, min(1, alpha·X + beta)); alpha 0.2, beta 0.5 (ONNX HardSigmoid, opset 6, 22). dX = alpha·dY for 0 < Y < 1.
 * Cost per element: multiplication, addition, two comparisons.
 */
export const hardSigmoid = unary('HardSigmoid', {
  attributes: (a) => ({ alpha: a.float('alpha', 0.2), beta: a.float('beta', 0.5) }),
  forward: (x, { alpha, beta }) => Math.max(0, Math.min(1, alpha * x + beta)),
  cost: { adds: 1, muls: 1, others: 2 },
  fusion: 'follower',
  saturates: true,
  range: probability,
})

export const hardSigmoidTraining: TrainingOf<typeof hardSigmoid> = {
  backward: (call) =>
    derivative(call, ({ mul, dy, y, attributes: { alpha } }) => clipGradient(call, mul(dy, alpha), y, 0, 1)),
}
