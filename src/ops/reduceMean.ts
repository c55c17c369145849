import { shapeIn } from './shared/backward.ts'
import { reduction, total } from './shared/reduce.ts'

/** Y = Σ X / n along axes (ONNX ReduceMean). dX = dY / n, repeated. */
export const reduceMean = reduction('ReduceMean', {
  forward: (values) => total(values) / values.length,
  backward: ({ div, dy, count, call }) => call.emit.expand(div(dy, count), shapeIn(call, 0)),
  perInput: { adds: 1 },
  perOutput: { others: 1 },
})
