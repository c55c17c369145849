import { unary } from '../unary.ts'

/** Y = atan(X) (ONNX Atan). */
export const atan = unary('Atan', { forward: Math.atan, cost: { others: 1 } })
