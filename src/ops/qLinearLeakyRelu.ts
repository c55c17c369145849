import { leakyRelu } from './leakyRelu.ts'
import type { ReferenceOf } from './operator.ts'
import { ofOne, quantisedForm, quantisedForward } from './shared/quantised-form.ts'

/** Y = X for X ≥ 0, else alpha·X, quantised (com.microsoft QLinearLeakyRelu). Inputs X, its scale and zero point, scale and zero point of Y. */
export const qLinearLeakyRelu = quantisedForm('QLinearLeakyRelu', leakyRelu, ofOne)

export const qLinearLeakyReluReference: ReferenceOf<typeof qLinearLeakyRelu> = {
  forward: (call, inputs) => quantisedForward(call, inputs, leakyRelu),
}
