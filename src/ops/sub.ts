import { binary } from './shared/binary.ts'

/** C = A − B, broadcast (ONNX Sub). dA = dC, dB = −dC. */
export const sub = binary('Sub', {
  forward: (a, b) => a - b,
  backward: ({ emit }, dy) => [() => dy, () => emit.node('Neg', [dy])],
  cost: { adds: 1 },
})
