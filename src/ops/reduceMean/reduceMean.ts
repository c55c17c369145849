import { shapeIn } from '../backward.ts'
import { reduction, total } from '../reduce.ts'

/** Y = Σ X / n along axes (ONNX ReduceMean). dX = dY / n, repeated. */
export const reduceMean = reduction('ReduceMean', {
  forward: (values) => total(values) / values.length,
  backward: (call, dy, axes) => {
    const shape = shapeIn(call, 0)
    const count = axes.reduce((product, axis) => product * (shape[axis] as number), 1)
    return call.emit.expand(call.emit.node('Div', [dy, call.emit.floats([count])]), shape)
  },
  perInput: { adds: 1 },
  perOutput: { others: 1 },
})
