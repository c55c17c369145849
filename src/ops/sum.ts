import { variadic } from './shared/variadic.ts'

/** Y = the sum of the inputs, broadcast (ONNX Sum). */
export const sum = variadic('Sum', {
  forward: (values) => values.reduce((a, b) => a + b, 0),
  backward: (call, dy) => call.node.inputs.map(() => dy),
  cost: (n) => ({ adds: n - 1 }),
})
