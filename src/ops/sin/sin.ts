import { unary } from '../unary.ts'

/** Y = sin(X) (ONNX Sin). */
export const sin = unary('Sin', { forward: Math.sin, cost: { others: 1 } })
