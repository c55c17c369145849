import type { Call } from '../../graph/index.ts'
import { contentOf, required, typed } from '../check.ts'
import { checkMode, interpolationCost, passUnscaled, scaledShape } from '../interpolation.ts'
import { defineOperator } from '../operator.ts'

interface UpsampleAttributes {
  readonly mode: string
  /** Before opset 9; then the second input. */
  readonly scales: readonly number[] | undefined
}

const scalesOf = (call: Call<UpsampleAttributes>) => call.attributes.scales ?? contentOf(call, 1)

/**
 * Resizes by one factor per axis, nearest or linear (ONNX Upsample, opset 7, 9; replaced by Resize from opset 10 on). Cost: see
 * `interpolationCost`.
 */
export const upsample = defineOperator<UpsampleAttributes>({
  name: 'Upsample',
  domain: '',
  attributes: (a) => ({ mode: a.string('mode', 'nearest'), scales: a.floats('scales') }),
  infer: (call) => {
    checkMode(call, call.attributes.mode)
    return [typed(required(call, 0).elementType, scaledShape(call, scalesOf(call)))]
  },
  cost: (call) => interpolationCost(call, call.attributes.mode, false),
  channels: { tie: passUnscaled((call, axis) => scalesOf(call)?.[axis]) },
})
