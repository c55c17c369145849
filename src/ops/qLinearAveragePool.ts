import { averagePool, averagePoolReference } from './averagePool.ts'
import type { ReferenceOf } from './operator.ts'
import { channelsFirst, ofOne, quantisedForm, quantisedForward } from './shared/quantised-form.ts'

/** Y[n,c,p] = mean over the window of X[n,c], quantised; attributes as AveragePool (com.microsoft QLinearAveragePool). Inputs X, its scale and zero point, scale and zero point of Y. */
export const qLinearAveragePool = quantisedForm('QLinearAveragePool', averagePool, ofOne, { refuses: channelsFirst })

export const qLinearAveragePoolReference: ReferenceOf<typeof qLinearAveragePool> = {
  forward: (call, inputs) => quantisedForward(call, inputs, averagePoolReference),
}
