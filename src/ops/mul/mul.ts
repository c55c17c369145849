import { binary } from '../binary.ts'

/** C = A · B, broadcast (ONNX Mul). */
export const mul = binary('Mul', { forward: (a, b) => a * b, cost: { muls: 1 } })
