import type { TrainingOf } from './operator.ts'
import { gradientOf } from './shared/backward.ts'
import { running } from './shared/running.ts'

/** Running products along an axis (ONNX CumProd). */
export const cumProd = running('CumProd', {
  start: 1,
  step: (product, x) => product * x,
  cost: { muls: 1 },
})

export const cumProdTraining: TrainingOf<typeof cumProd> = {
  backward: (call) => {
    const [x, axis] = call.node.inputs as [string, string]
    const { exclusive, reverse } = call.attributes
    const attributes = { exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0 }
    return [call.emit.node('CumProdGradient', [gradientOf(call), x, axis], attributes, 'ai.kerf')]
  },
}
