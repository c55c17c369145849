import { binary } from './shared/binary.ts'

/** C = whether A > B, broadcast (ONNX Greater). */
export const greater = binary('Greater', { forward: (a, b) => (a > b ? 1 : 0), cost: { others: 1 }, result: 'bool' })
