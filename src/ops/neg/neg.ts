import { unary } from '../unary.ts'

/** Y = −X (ONNX Neg). */
export const neg = unary('Neg', { forward: (x) => (x === 0 ? 0 : -x), cost: { others: 1 } })
