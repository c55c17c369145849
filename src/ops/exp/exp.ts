import { unary } from '../unary.ts'

/** Y = exp(X) (ONNX Exp). */
export const exp = unary('Exp', { forward: Math.exp, cost: { others: 1 } })
