import { variadic } from './shared/variadic.ts'

/** Y = the mean of the inputs, broadcast (ONNX Mean). */
export const mean = variadic('Mean', {
  forward: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  backward: (call, dy) => {
    const part = call.emit.node('Div', [dy, call.emit.floats([call.node.inputs.length])])
    return call.node.inputs.map(() => part)
  },
  cost: (n) => ({ adds: n - 1, others: 1 }),
})
