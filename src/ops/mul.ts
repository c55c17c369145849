import { binary } from './shared/binary.ts'

/** C = A · B, broadcast (ONNX Mul). dA = dC·B, dB = dC·A. */
export const mul = binary('Mul', {
  forward: (a, b) => a * b,
  backward: ({ node: { inputs }, emit }, dy) => [
    () => emit.node('Mul', [dy, inputs[1]!]),
    () => emit.node('Mul', [dy, inputs[0]!]),
  ],
  cost: { muls: 1 },
})
