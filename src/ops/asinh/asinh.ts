import { unary } from '../unary.ts'

/** Y = asinh(X) (ONNX Asinh). */
export const asinh = unary('Asinh', { forward: Math.asinh, cost: { others: 1 } })
