import { unary } from '../unary.ts'

/** Y = sinh(X) (ONNX Sinh). */
export const sinh = unary('Sinh', { forward: Math.sinh, cost: { others: 1 } })
