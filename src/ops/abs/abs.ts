import { unary } from '../unary.ts'

/** Y = |X| (ONNX Abs). */
export const abs = unary('Abs', { forward: Math.abs, cost: { others: 1 } })
