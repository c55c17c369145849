import { reduction, total } from './shared/reduce.ts'

/** Y = Σ X² along axes (ONNX ReduceSumSquare). dX = 2·dY·X. */
export const reduceSumSquare = reduction('ReduceSumSquare', {
  forward: (values) => total(values, (x) => x * x),
  backward: ({ mul, dy, x }) => mul(x, mul(dy, 2)),
  perInput: { adds: 1, muls: 1 },
})
