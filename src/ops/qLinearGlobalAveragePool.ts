import { globalAveragePool, globalAveragePoolReference } from './globalAveragePool.ts'
import type { ReferenceOf } from './operator.ts'
import { channelsFirst, ofOne, quantisedForm, quantisedForward } from './shared/quantised-form.ts'

/** Y[n,c] = mean of X[n,c], quantised (com.microsoft QLinearGlobalAveragePool). Inputs X, its scale and zero point, scale and zero point of Y. */
export const qLinearGlobalAveragePool = quantisedForm('QLinearGlobalAveragePool', globalAveragePool, ofOne, {
  refuses: channelsFirst,
})

export const qLinearGlobalAveragePoolReference: ReferenceOf<typeof qLinearGlobalAveragePool> = {
  forward: (call, inputs) => quantisedForward(call, inputs, globalAveragePoolReference),
}
