import { unary } from '../unary.ts'

/** Y = atanh(X) (ONNX Atanh). */
export const atanh = unary('Atanh', { forward: Math.atanh, cost: { others: 1 } })
