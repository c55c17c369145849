import type { TrainingOf } from './operator.ts'
import { variadic, variadicBackward } from './shared/variadic.ts'

/** Y = the mean of the inputs, broadcast (ONNX Mean). */
export const mean = variadic('Mean', {
  forward: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  cost: (n) => ({ adds: n - 1, others: 1 }),
})

export const meanTraining: TrainingOf<typeof mean> = {
  backward: (call) =>
    variadicBackward(call, (dy) => {
      const part = call.emit.node('Div', [dy, call.emit.floats([call.node.inputs.length])])
      return call.node.inputs.map(() => part)
    }),
}
