import { unary } from '../unary.ts'

/** Y = X / (1 + |X|) (ONNX Softsign). Cost per element: addition, division; the absolute value is free. */
export const softsign = unary('Softsign', {
  forward: (x) => x / (1 + Math.abs(x)),
  cost: { adds: 1, others: 1 },
  fusion: 'follower',
})
