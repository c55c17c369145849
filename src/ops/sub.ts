import type { TrainingOf } from './operator.ts'
import { binary, binaryBackward } from './shared/binary.ts'

/** C = A − B, broadcast (ONNX Sub). dA = dC, dB = −dC. */
export const sub = binary('Sub', {
  forward: (a, b) => a - b,
  cost: { adds: 1 },
})

export const subTraining: TrainingOf<typeof sub> = {
  backward: (call) => binaryBackward(call, (dy, { emit }) => [() => dy, () => emit.node('Neg', [dy])]),
}
