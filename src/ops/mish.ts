import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/**
 * Y = X · tanh(ln(1 + exp(X))) (ONNX Mish, opset 18, 22). With t = tanh(ln(1 + exp(X))): dX = dY·(t + X·(1 − t²)·sigmoid(X)).
 * Cost per element: exponential, addition, logarithm, hyperbolic tangent, multiplication.
 */
export const mish = unary('Mish', {
  forward: (x) => x * Math.tanh(Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  cost: { adds: 1, muls: 1, others: 3 },
  fusion: 'follower',
})

export const mishTraining: TrainingOf<typeof mish> = {
  backward: (call) =>
    derivative(call, ({ mul, add, sub, of, dy, x }) => {
      const t = of('Tanh', of('Softplus', x))
      return mul(dy, add(t, mul(mul(x, sub(1, mul(t, t))), of('Sigmoid', x))))
    }),
}
