import { unary } from '../unary.ts'

/** Y = asin(X) (ONNX Asin). */
export const asin = unary('Asin', { forward: Math.asin, cost: { others: 1 } })
