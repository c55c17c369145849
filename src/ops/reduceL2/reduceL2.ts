import { reduction, total } from '../reduce.ts'

/** Y = √Σ X² along axes (ONNX ReduceL2). */
export const reduceL2 = reduction('ReduceL2', {
  forward: (values) => Math.sqrt(total(values, (x) => x * x)),
  perInput: { adds: 1, muls: 1 },
  perOutput: { others: 1 },
})
