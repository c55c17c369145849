import { binary } from './shared/binary.ts'

/** C = whether A ≤ B, broadcast (ONNX LessOrEqual). */
export const lessOrEqual = binary('LessOrEqual', {
  forward: (a, b) => (a <= b ? 1 : 0),
  cost: { others: 1 },
  result: 'bool',
})
