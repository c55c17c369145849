import { variadic } from '../variadic.ts'

/** Y = the mean of the inputs, broadcast (ONNX Mean). */
export const mean = variadic('Mean', {
  forward: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  cost: (n) => ({ adds: n - 1, others: 1 }),
})
