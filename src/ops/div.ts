import { isInteger } from '../base/index.ts'
import type { TrainingOf } from './operator.ts'
import { binary, binaryBackward } from './shared/binary.ts'

/** C = A / B, broadcast; integers are truncated toward zero (ONNX Div). dA = dC / B, dB = −dC·C / B. */
export const div = binary('Div', {
  forward: (a, b, type) => (isInteger(type) ? Math.trunc(a / b) : a / b),
  cost: { others: 1 },
})

export const divTraining: TrainingOf<typeof div> = {
  backward: (call) =>
    binaryBackward(call, (dy, { node, emit }) => {
      const [b, c] = [node.inputs[1]!, node.outputs[0]!]
      const quotient = emit.node('Div', [dy, b])
      return [() => quotient, () => emit.node('Neg', [emit.node('Mul', [quotient, c])])]
    }),
}
