import { binary } from './shared/binary.ts'

/** C = whether A = B, broadcast (ONNX Equal). */
export const equal = binary('Equal', { forward: (a, b) => (a === b ? 1 : 0), cost: { others: 1 }, result: 'bool' })
