import { binary } from '../binary.ts'

/** C = A − B, broadcast (ONNX Sub). */
export const sub = binary('Sub', { forward: (a, b) => a - b, cost: { adds: 1 } })
