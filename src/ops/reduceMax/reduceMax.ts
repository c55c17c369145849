import { reduction } from '../reduce.ts'

/** Y = the greatest X along axes (ONNX ReduceMax). */
export const reduceMax = reduction('ReduceMax', { forward: (values) => Math.max(...values), perInput: { others: 1 } })
