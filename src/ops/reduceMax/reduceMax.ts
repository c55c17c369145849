import { reduction } from '../shared/reduce.ts'
import { sharedAmongChosen } from './backward.ts'

/** Y = the greatest X along axes (ONNX ReduceMax). dX: see `sharedAmongChosen`. */
export const reduceMax = reduction('ReduceMax', {
  forward: (values) => Math.max(...values),
  backward: (given) => sharedAmongChosen(given, given.sub(given.y(), given.x)),
  perInput: { others: 1 },
})
