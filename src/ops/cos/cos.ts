import { unary } from '../unary.ts'

/** Y = cos(X) (ONNX Cos). */
export const cos = unary('Cos', { forward: Math.cos, cost: { others: 1 } })
