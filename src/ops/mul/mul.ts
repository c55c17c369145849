import { binary } from '../binary.ts'

/** C = A · B, broadcast (ONNX Mul). dA = dC·B, dB = dC·A. */
export const mul = binary('Mul', {
  forward: (a, b) => a * b,
  backward: ({ node: { inputs }, emit }, dy) => [
    () => emit.node('Mul', [dy, inputs[1] as string]),
    () => emit.node('Mul', [dy, inputs[0] as string]),
  ],
  cost: { muls: 1 },
})
