import type { TrainingOf } from './operator.ts'
import { reduction, reductionBackward, total } from './shared/reduce.ts'

/** Y = √Σ X² along axes (ONNX ReduceL2). dX = dY·X / Y, 0 where all X are 0. */
export const reduceL2 = reduction('ReduceL2', {
  forward: (values) => Math.sqrt(total(values, (x) => x * x)),
  perInput: { adds: 1, muls: 1 },
  perOutput: { others: 1 },
})

export const reduceL2Training: TrainingOf<typeof reduceL2> = {
  backward: (call) =>
    reductionBackward(call, ({ mul, div, positive, dy, x, y }) => positive(y(), mul(x, div(dy, y())), 0)),
}
