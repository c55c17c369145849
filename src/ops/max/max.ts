import { variadic } from '../variadic.ts'

/** Y = the greatest of the inputs, broadcast (ONNX Max). */
export const max = variadic('Max', { forward: (values) => Math.max(...values), cost: (n) => ({ others: n - 1 }) })
