import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'
import { logistic } from './sigmoid.ts'

/** An operator that is Swish: with s = sigmoid(alpha·X), Y = X·s and dX = dY·(s + alpha·Y·(1 − s)). */
export const swishOf = <const N extends string, const D extends string>(name: N, domain: D, usualAlpha: number) =>
  unary(name, {
    domain,
    attributes: (a) => a.float('alpha', usualAlpha),
    forward: (x, alpha) => x * logistic(alpha * x),
    cost: (alpha) => ({ adds: 1, muls: alpha === 1 ? 1 : 2, others: 2 }),
    fusion: 'follower',
  })

/**
 * Y = X · sigmoid(alpha·X); alpha 1 (ONNX Swish, opset 24). Cost per element: two multiplications (one where alpha is 1), exponential, addition,
 * division.
 */
export const swish = swishOf('Swish', '', 1)

export const swishTraining: TrainingOf<typeof swish> = {
  backward: (call) =>
    derivative(call, ({ mul, add, sub, of, dy, x, y, attributes: alpha }) => {
      const times = (value: string) => (alpha === 1 ? value : mul(value, alpha))
      const s = of('Sigmoid', times(x))
      return mul(dy, add(s, mul(times(y), sub(1, s))))
    }),
}
