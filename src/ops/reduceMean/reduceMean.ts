import { reduction, total } from '../reduce.ts'

/** Y = Σ X / n along axes (ONNX ReduceMean). */
export const reduceMean = reduction('ReduceMean', {
  forward: (values) => total(values) / values.length,
  perInput: { adds: 1 },
  perOutput: { others: 1 },
})
