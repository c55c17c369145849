import { binary } from './shared/binary.ts'

/** C = whether A < B, broadcast (ONNX Less). */
export const less = binary('Less', { forward: (a, b) => (a < b ? 1 : 0), cost: { others: 1 }, result: 'bool' })
