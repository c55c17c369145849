import { binary } from './shared/binary.ts'

/** C = A ^ B bit by bit, broadcast (ONNX BitwiseXor). */
export const bitwiseXor = binary('BitwiseXor', {
  forward: (a, b) => Number(BigInt(a) ^ BigInt(b)),
  cost: { others: 1 },
})
