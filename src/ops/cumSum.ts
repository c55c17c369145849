import type { TrainingOf } from './operator.ts'
import { gradientOf } from './shared/backward.ts'
import { running } from './shared/running.ts'

/** Running sums along an axis (ONNX CumSum). dX is the running sum of dY from the other end. */
export const cumSum = running('CumSum', {
  start: 0,
  step: (sum, x) => sum + x,
  cost: { adds: 1 },
})

export const cumSumTraining: TrainingOf<typeof cumSum> = {
  backward: (call) => {
    const { exclusive, reverse } = call.attributes
    const attributes = { exclusive: exclusive ? 1 : 0, reverse: reverse ? 0 : 1 }
    return [call.emit.node('CumSum', [gradientOf(call), call.node.inputs[1]!], attributes)]
  },
}
