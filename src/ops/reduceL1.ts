import { reduction, total } from './shared/reduce.ts'

/** Y = Σ |X|, the absolute value free as in adder convolution, along axes (ONNX ReduceL1). dX = dY·sign X. */
export const reduceL1 = reduction('ReduceL1', {
  forward: (values) => total(values, Math.abs),
  backward: ({ mul, of, dy, x }) => mul(dy, of('Sign', x)),
  perInput: { adds: 1 },
})
