import { unary } from '../unary.ts'

/** Y = acosh(X) (ONNX Acosh). */
export const acosh = unary('Acosh', { forward: Math.acosh, cost: { others: 1 } })
