import { unary } from '../unary.ts'

/** Y = max(0, X) (ONNX Relu). */
export const relu = unary('Relu', { forward: (x) => Math.max(0, x), cost: { others: 1 }, fusion: 'follower' })
