import { unary } from './shared/unary.ts'

/** Y = ⌊X⌋ (ONNX Floor). */
export const floor = unary('Floor', { forward: Math.floor, backward: 'zero', cost: { others: 1 } })
