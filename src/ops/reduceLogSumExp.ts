import type { TrainingOf } from './operator.ts'
import { reduction, reductionBackward, total } from './shared/reduce.ts'

/** ln Σ exp(x), shifted by the greatest x so that nothing overflows. */
function logSumExp(values: readonly number[]): number {
  const top = Math.max(...values)
  return Number.isFinite(top) ? top + Math.log(total(values, (x) => Math.exp(x - top))) : top
}

/** Y = ln Σ exp(X) along axes (ONNX ReduceLogSumExp). dX = dY·exp(X − Y). */
export const reduceLogSumExp = reduction('ReduceLogSumExp', {
  forward: logSumExp,
  perInput: { adds: 1, others: 1 },
  perOutput: { others: 1 },
})

export const reduceLogSumExpTraining: TrainingOf<typeof reduceLogSumExp> = {
  backward: (call) => reductionBackward(call, ({ mul, sub, of, dy, x, y }) => mul(dy, of('Exp', sub(x, y())))),
}
