import { float } from '../graph/index.ts'
import type { TrainingOf } from './operator.ts'
import { clipGradient, derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/**
 * Y = X · max(0, min(1, X/6 + 1/2)) (ONNX HardSwish, opset 14, 22). dX = dY·max(0, min(1, X/6 + 1/2)), and dY·X/6 more for −3 < X < 3.
 * Cost per element: two multiplications (the one by 1/6 included), addition, two comparisons.
 */
export const hardSwish = unary('HardSwish', {
  forward: (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)),
  cost: { adds: 1, muls: 2, others: 2 },
  fusion: 'follower',
})

export const hardSwishTraining: TrainingOf<typeof hardSwish> = {
  backward: (call) =>
    derivative(call, ({ mul, add, div, of, dy, x }) => {
      const gate = of('HardSigmoid', x, { alpha: float(1 / 6), beta: float(0.5) })
      return add(mul(dy, gate), clipGradient(call, mul(dy, div(x, 6)), x, -3, 3))
    }),
}
