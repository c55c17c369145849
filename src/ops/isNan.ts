import { unary } from './shared/unary.ts'

/** Y = whether X is not a number (ONNX IsNaN). */
export const isNan = unary('IsNaN', {
  forward: (x) => (Number.isNaN(x) ? 1 : 0),
  cost: { others: 1 },
  result: () => 'bool',
})
