import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { probability } from './shared/range-rules.ts'
import { unary } from './shared/unary.ts'

/** 1 / (1 + exp(−x)), without overflow at either end. */
export const logistic = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))

/** Y = 1 / (1 + exp(−X)) (ONNX Sigmoid). dX = dY·Y·(1 − Y). Cost per element: exponential, addition, division. */
export const sigmoid = unary('Sigmoid', {
  forward: logistic,
  cost: { adds: 1, others: 2 },
  fusion: 'follower',
  saturates: true,
  range: probability,
})

export const sigmoidTraining: TrainingOf<typeof sigmoid> = {
  backward: (call) => derivative(call, ({ mul, sub, dy, y }) => mul(dy, mul(y, sub(1, y)))),
}
