import type { TrainingOf } from './operator.ts'
import { binary, binaryBackward } from './shared/binary.ts'
import { summed } from './shared/range-rules.ts'

/** C = A + B, broadcast (ONNX Add). dA = dB = dC. */
export const add = binary('Add', {
  forward: (a, b) => a + b,
  cost: { adds: 1 },
  epilogue: () => ({ kind: 'sum' }),
  range: summed,
})

export const addTraining: TrainingOf<typeof add> = {
  backward: (call) => binaryBackward(call, (dy) => [() => dy, () => dy]),
}
