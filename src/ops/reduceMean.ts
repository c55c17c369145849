import type { TrainingOf } from './operator.ts'
import { shapeIn } from './shared/backward.ts'
import { reduction, reductionBackward, total } from './shared/reduce.ts'

/** Y = Σ X / n along axes (ONNX ReduceMean). dX = dY / n, repeated. */
export const reduceMean = reduction('ReduceMean', {
  forward: (values) => total(values) / values.length,
  perInput: { adds: 1 },
  perOutput: { others: 1 },
})

export const reduceMeanTraining: TrainingOf<typeof reduceMean> = {
  backward: (call) =>
    reductionBackward(call, ({ div, dy, count }) => call.emit.expand(div(dy, count), shapeIn(call, 0))),
}
