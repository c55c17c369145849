import { reduction, total } from '../reduce.ts'

/** Y = Σ X along axes (ONNX ReduceSum). */
export const reduceSum = reduction('ReduceSum', { forward: (values) => total(values), perInput: { adds: 1 } })
