import { unary } from '../unary.ts'

/** Y = acos(X) (ONNX Acos). */
export const acos = unary('Acos', { forward: Math.acos, cost: { others: 1 } })
