import { binary } from './shared/binary.ts'

/** C = A ⊻ B, broadcast (ONNX Xor). */
export const xor = binary('Xor', { forward: (a, b) => (!a !== !b ? 1 : 0), cost: { others: 1 }, result: 'bool' })
