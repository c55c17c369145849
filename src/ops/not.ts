import { unary } from './shared/unary.ts'

/** Y = ¬X (ONNX Not). */
export const not = unary('Not', { forward: (x) => (x ? 0 : 1), cost: { others: 1 }, result: () => 'bool' })
