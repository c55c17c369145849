import { binary } from './shared/binary.ts'

/** C = A & B bit by bit, broadcast (ONNX BitwiseAnd). */
export const bitwiseAnd = binary('BitwiseAnd', {
  forward: (a, b) => Number(BigInt(a) & BigInt(b)),
  cost: { others: 1 },
})
