import { unary } from '../unary.ts'

/** Y = cosh(X) (ONNX Cosh). */
export const cosh = unary('Cosh', { forward: Math.cosh, cost: { others: 1 } })
