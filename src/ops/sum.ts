import type { TrainingOf } from './operator.ts'
import { summed } from './shared/range-rules.ts'
import { variadic, variadicBackward } from './shared/variadic.ts'

/** Y = the sum of the inputs, broadcast (ONNX Sum). */
export const sum = variadic('Sum', {
  forward: (values) => values.reduce((a, b) => a + b, 0),
  cost: (n) => ({ adds: n - 1 }),
  epilogue: () => ({ kind: 'sum' }),
  range: summed,
})

export const sumTraining: TrainingOf<typeof sum> = {
  backward: (call) => variadicBackward(call, (dy) => call.node.inputs.map(() => dy)),
}
