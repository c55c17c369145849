import { reduction } from '../reduce.ts'

/** Y = the least X along axes (ONNX ReduceMin). */
export const reduceMin = reduction('ReduceMin', { forward: (values) => Math.min(...values), perInput: { others: 1 } })
