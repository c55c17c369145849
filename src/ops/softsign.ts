import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** Y = X / (1 + |X|) (ONNX Softsign). dX = dY / (1 + |X|)². Cost per element: addition, division; the absolute value is free. */
export const softsign = unary('Softsign', {
  forward: (x) => x / (1 + Math.abs(x)),
  cost: { adds: 1, others: 1 },
  fusion: 'follower',
  saturates: true,
})

export const softsignTraining: TrainingOf<typeof softsign> = {
  backward: (call) =>
    derivative(call, ({ mul, add, div, of, dy, x }) => {
      const width = add(1, of('Abs', x))
      return div(dy, mul(width, width))
    }),
}
