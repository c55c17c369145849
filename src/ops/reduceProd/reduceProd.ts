import { reduction } from '../reduce.ts'

/** Y = Π X along axes (ONNX ReduceProd). */
export const reduceProd = reduction('ReduceProd', {
  forward: (values) => values.reduce((a, b) => a * b, 1),
  perInput: { muls: 1 },
})
