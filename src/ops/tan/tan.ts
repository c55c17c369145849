import { unary } from '../unary.ts'

/** Y = tan(X) (ONNX Tan). */
export const tan = unary('Tan', { forward: Math.tan, cost: { others: 1 } })
