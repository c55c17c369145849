import type { ReferenceOf } from './operator.ts'
import { reduceMean } from './reduceMean.ts'
import { ofOne, quantisedForm, quantisedForward } from './shared/quantised-form.ts'

/**
 * Y = Σ X / n along `axes`, quantised (com.microsoft QLinearReduceMean). Inputs X, its scale and zero point, scale and zero point of Y.
 */
export const qLinearReduceMean = quantisedForm('QLinearReduceMean', reduceMean, ofOne)

export const qLinearReduceMeanReference: ReferenceOf<typeof qLinearReduceMean> = {
  forward: (call, inputs) => quantisedForward(call, inputs, reduceMean),
}
