import { reduction, total } from '../reduce.ts'

/** Y = ln Σ X along axes (ONNX ReduceLogSum). */
export const reduceLogSum = reduction('ReduceLogSum', {
  forward: (values) => Math.log(total(values)),
  perInput: { adds: 1 },
  perOutput: { others: 1 },
})
