import { unary } from '../unary.ts'

/**
 * Y = X · max(0, min(1, X/6 + 1/2)) (ONNX HardSwish, opset 14, 22).
 * Cost per element: two multiplications (the one by 1/6 included), addition, two comparisons.
 */
export const hardSwish = unary('HardSwish', {
  forward: (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)),
  cost: { adds: 1, muls: 2, others: 2 },
  fusion: 'follower',
})
