import { shapeIn } from './shared/backward.ts'
import { reduction, total } from './shared/reduce.ts'

/** Y = Σ X along axes (ONNX ReduceSum). dX = dY, repeated. */
export const reduceSum = reduction('ReduceSum', {
  forward: (values) => total(values),
  backward: ({ dy, call }) => call.emit.expand(dy, shapeIn(call, 0)),
  perInput: { adds: 1 },
})
