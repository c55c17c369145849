import type { TrainingOf } from '../operator.ts'
import { reduction, reductionBackward } from '../shared/reduce.ts'
import { sharedAmongChosen } from './backward.ts'

/** Y = the greatest X along axes (ONNX ReduceMax). dX: see `sharedAmongChosen`. */
export const reduceMax = reduction('ReduceMax', {
  forward: (values) => Math.max(...values),
  perInput: { others: 1 },
})

export const reduceMaxTraining: TrainingOf<typeof reduceMax> = {
  backward: (call) => reductionBackward(call, (given) => sharedAmongChosen(call, given, given.sub(given.y(), given.x))),
}
