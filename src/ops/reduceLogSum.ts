import type { TrainingOf } from './operator.ts'
import { shapeIn } from './shared/backward.ts'
import { reduction, reductionBackward, total } from './shared/reduce.ts'

/** Y = ln Σ X along axes (ONNX ReduceLogSum). dX = dY / exp Y, repeated. */
export const reduceLogSum = reduction('ReduceLogSum', {
  forward: (values) => Math.log(total(values)),
  perInput: { adds: 1 },
  perOutput: { others: 1 },
})

export const reduceLogSumTraining: TrainingOf<typeof reduceLogSum> = {
  backward: (call) =>
    reductionBackward(call, ({ div, of, dy, y }) => call.emit.expand(div(dy, of('Exp', y())), shapeIn(call, 0))),
}
