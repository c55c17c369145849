import { binary } from '../binary.ts'

/** C = A + B, broadcast (ONNX Add). */
export const add = binary('Add', { forward: (a, b) => a + b, cost: { adds: 1 } })
