import type { TrainingOf } from './operator.ts'
import { reduction, reductionBackward, total } from './shared/reduce.ts'

/** Y = Σ X² along axes (ONNX ReduceSumSquare). dX = 2·dY·X. */
export const reduceSumSquare = reduction('ReduceSumSquare', {
  forward: (values) => total(values, (x) => x * x),
  perInput: { adds: 1, muls: 1 },
})

export const reduceSumSquareTraining: TrainingOf<typeof reduceSumSquare> = {
  backward: (call) => reductionBackward(call, ({ mul, dy, x }) => mul(x, mul(dy, 2))),
}
