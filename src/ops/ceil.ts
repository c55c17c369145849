import { unary } from './shared/unary.ts'

/** Y = ⌈X⌉ (ONNX Ceil). */
export const ceil = unary('Ceil', { forward: Math.ceil, gradient: 'zero', cost: { others: 1 } })
