import { unary } from './shared/unary.ts'

/** Y = ⌊X⌋ (ONNX Floor). */
export const floor = unary('Floor', { forward: Math.floor, gradient: 'zero', cost: { others: 1 } })
