import type { TrainingOf } from './operator.ts'
import { reduction, reductionBackward, total } from './shared/reduce.ts'

/** Y = Σ |X|, the absolute value free as in adder convolution, along axes (ONNX ReduceL1). dX = dY·sign X. */
export const reduceL1 = reduction('ReduceL1', {
  forward: (values) => total(values, Math.abs),
  perInput: { adds: 1 },
})

export const reduceL1Training: TrainingOf<typeof reduceL1> = {
  backward: (call) => reductionBackward(call, ({ mul, of, dy, x }) => mul(dy, of('Sign', x))),
}
