import { binary } from './shared/binary.ts'

/** C = whether A ≥ B, broadcast (ONNX GreaterOrEqual). */
export const greaterOrEqual = binary('GreaterOrEqual', {
  forward: (a, b) => (a >= b ? 1 : 0),
  cost: { others: 1 },
  result: 'bool',
})
