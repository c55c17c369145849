import { binary } from './shared/binary.ts'

/** C = A ∨ B, broadcast (ONNX Or). */
export const or = binary('Or', { forward: (a, b) => (a || b ? 1 : 0), cost: { others: 1 }, result: 'bool' })
