import { binary } from './shared/binary.ts'

/** C = A ∧ B, broadcast (ONNX And). */
export const and = binary('And', { forward: (a, b) => (a && b ? 1 : 0), cost: { others: 1 }, result: 'bool' })
