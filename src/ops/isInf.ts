import { unary } from './shared/unary.ts'

/** Y = whether X is infinite, of a sign that is asked for: both by default (ONNX IsInf). */
export const isInf = unary('IsInf', {
  attributes: (a) => ({ positive: a.int('detect_positive', 1) === 1, negative: a.int('detect_negative', 1) === 1 }),
  forward: (x, { positive, negative }) => ((positive && x === Infinity) || (negative && x === -Infinity) ? 1 : 0),
  cost: { others: 1 },
  result: () => 'bool',
})
