import { isInteger } from '../../base/index.ts'
import { binary } from '../binary.ts'

/** Z = X^Y, broadcast, of the element type of X (ONNX Pow). */
export const pow = binary('Pow', {
  forward: (x, y, type) => (isInteger(type) ? Math.trunc(x ** y) : x ** y),
  cost: { others: 1 },
})
