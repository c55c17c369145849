import type { TrainingOf } from './operator.ts'
import { shapeIn } from './shared/backward.ts'
import { reduction, reductionBackward, total } from './shared/reduce.ts'

/** Y = Σ X along axes (ONNX ReduceSum). dX = dY, repeated. */
export const reduceSum = reduction('ReduceSum', {
  forward: (values) => total(values),
  perInput: { adds: 1 },
})

export const reduceSumTraining: TrainingOf<typeof reduceSum> = {
  backward: (call) => reductionBackward(call, ({ dy }) => call.emit.expand(dy, shapeIn(call, 0))),
}
