import { unary } from '../unary.ts'

/** Y = 1 / X (ONNX Reciprocal). */
export const reciprocal = unary('Reciprocal', { forward: (x) => 1 / x, cost: { others: 1 } })
