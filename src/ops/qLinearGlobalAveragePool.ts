import { globalAveragePool } from './globalAveragePool.ts'
import { channelsFirst, ofOne, quantisedForm } from './shared/quantised-form.ts'

/** Y[n,c] = mean of X[n,c], quantised (com.microsoft QLinearGlobalAveragePool). Inputs X, its scale and zero point, scale and zero point of Y. */
export const qLinearGlobalAveragePool = quantisedForm('QLinearGlobalAveragePool', globalAveragePool, ofOne, {
  refuses: channelsFirst,
})
