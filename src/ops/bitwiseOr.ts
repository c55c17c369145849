import { binary } from './shared/binary.ts'

/** C = A | B bit by bit, broadcast (ONNX BitwiseOr). */
export const bitwiseOr = binary('BitwiseOr', { forward: (a, b) => Number(BigInt(a) | BigInt(b)), cost: { others: 1 } })
