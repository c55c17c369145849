import { unary } from '../unary.ts'

/** Y = ln(X) (ONNX Log). */
export const log = unary('Log', { forward: Math.log, cost: { others: 1 } })
