import { shapeIn } from './shared/backward.ts'
import { reduction, total } from './shared/reduce.ts'

/** Y = ln Σ X along axes (ONNX ReduceLogSum). dX = dY / exp Y, repeated. */
export const reduceLogSum = reduction('ReduceLogSum', {
  forward: (values) => Math.log(total(values)),
  backward: ({ div, of, dy, y, call }) => call.emit.expand(div(dy, of('Exp', y())), shapeIn(call, 0)),
  perInput: { adds: 1 },
  perOutput: { others: 1 },
})
