import type { TrainingOf } from './operator.ts'
import { binary, binaryBackward } from './shared/binary.ts'

/** C = A · B, broadcast (ONNX Mul). dA = dC·B, dB = dC·A. */
export const mul = binary('Mul', {
  forward: (a, b) => a * b,
  cost: { muls: 1 },
})

export const mulTraining: TrainingOf<typeof mul> = {
  backward: (call) =>
    binaryBackward(call, (dy, { node: { inputs }, emit }) => [
      () => emit.node('Mul', [dy, inputs[1]!]),
      () => emit.node('Mul', [dy, inputs[0]!]),
    ]),
}
