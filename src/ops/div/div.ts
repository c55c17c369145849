import { isInteger } from '../../base/index.ts'
import { binary } from '../binary.ts'

/** C = A / B, broadcast; integers are truncated toward zero (ONNX Div). */
export const div = binary('Div', {
  forward: (a, b, type) => (isInteger(type) ? Math.trunc(a / b) : a / b),
  cost: { others: 1 },
})
