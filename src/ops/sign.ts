import { unary } from './shared/unary.ts'

/** Y = −1, 0 or 1 (ONNX Sign). */
export const sign = unary('Sign', { forward: Math.sign, gradient: 'zero', cost: { others: 1 } })
