import { sharedAmongChosen } from './reduceMax/backward.ts'
import { reduction } from './shared/reduce.ts'

/** Y = the least X along axes (ONNX ReduceMin). dX: see `sharedAmongChosen`. */
export const reduceMin = reduction('ReduceMin', {
  forward: (values) => Math.min(...values),
  backward: (given) => sharedAmongChosen(given, given.sub(given.x, given.y())),
  perInput: { others: 1 },
})
