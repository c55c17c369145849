import { unary } from './shared/unary.ts'

/** Y = ⌈X⌉ (ONNX Ceil). */
export const ceil = unary('Ceil', { forward: Math.ceil, backward: 'zero', cost: { others: 1 } })
