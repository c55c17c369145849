import { leakyRelu } from './leakyRelu.ts'
import { ofOne, quantisedForm } from './shared/quantised-form.ts'

/** Y = X for X ≥ 0, else alpha·X, quantised (com.microsoft QLinearLeakyRelu). Inputs X, its scale and zero point, scale and zero point of Y. */
export const qLinearLeakyRelu = quantisedForm('QLinearLeakyRelu', leakyRelu, ofOne)
