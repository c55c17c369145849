import { reduction, total } from '../reduce.ts'

/** Y = Σ X² along axes (ONNX ReduceSumSquare). */
export const reduceSumSquare = reduction('ReduceSumSquare', {
  forward: (values) => total(values, (x) => x * x),
  perInput: { adds: 1, muls: 1 },
})
