import { variadic } from '../variadic.ts'

/** Y = the least of the inputs, broadcast (ONNX Min). */
export const min = variadic('Min', { forward: (values) => Math.min(...values), cost: (n) => ({ others: n - 1 }) })
