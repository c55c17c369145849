import { reduction, total } from '../reduce.ts'

/** Y = Σ |X|, the absolute value free as in adder convolution, along axes (ONNX ReduceL1). */
export const reduceL1 = reduction('ReduceL1', { forward: (values) => total(values, Math.abs), perInput: { adds: 1 } })
