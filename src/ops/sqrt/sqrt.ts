import { unary } from '../unary.ts'

/** Y = √X (ONNX Sqrt). */
export const sqrt = unary('Sqrt', { forward: Math.sqrt, cost: { others: 1 } })
