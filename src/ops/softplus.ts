import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = ln(1 + exp(X)) (ONNX Softplus). dX = dY·sigmoid(X). Cost per element: exponential, addition, logarithm. */
export const softplus = unary('Softplus', {
  // exp(x) overflows long before ln(1 + exp(x)) = x + ln(1 + exp(−x)) does.
  forward: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  cost: { adds: 1, others: 2 },
  fusion: 'follower',
})

export const softplusTraining: TrainingOf<typeof softplus> = {
  backward: (call) => derivative(call, ({ mul, of, dy, x }) => mul(dy, of('Sigmoid', x))),
}
