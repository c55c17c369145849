import type { TrainingOf } from './operator.ts'
import { sharedAmongChosen } from './reduceMax/backward.ts'
import { reduction, reductionBackward } from './shared/reduce.ts'

/** Y = the least X along axes (ONNX ReduceMin). dX: see `sharedAmongChosen`. */
export const reduceMin = reduction('ReduceMin', {
  forward: (values) => Math.min(...values),
  perInput: { others: 1 },
})

export const reduceMinTraining: TrainingOf<typeof reduceMin> = {
  backward: (call) => reductionBackward(call, (given) => sharedAmongChosen(call, given, given.sub(given.x, given.y()))),
}
