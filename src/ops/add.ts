import { binary } from './shared/binary.ts'

/** C = A + B, broadcast (ONNX Add). dA = dB = dC. */
export const add = binary('Add', {
  forward: (a, b) => a + b,
  backward: (_, dy) => [() => dy, () => dy],
  cost: { adds: 1 },
})
