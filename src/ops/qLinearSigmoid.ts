import type { ReferenceOf } from './operator.ts'
import { ofOne, quantisedForm, quantisedForward } from './shared/quantised-form.ts'
import { sigmoid } from './sigmoid.ts'

/** Y = 1 / (1 + exp(−X)), quantised (com.microsoft QLinearSigmoid). Inputs X, its scale and zero point, scale and zero point of Y. */
export const qLinearSigmoid = quantisedForm('QLinearSigmoid', sigmoid, ofOne)

export const qLinearSigmoidReference: ReferenceOf<typeof qLinearSigmoid> = {
  forward: (call, inputs) => quantisedForward(call, inputs, sigmoid),
}
