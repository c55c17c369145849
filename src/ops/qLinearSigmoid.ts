import { ofOne, quantisedForm } from './shared/quantised-form.ts'
import { sigmoid } from './sigmoid.ts'

/** Y = 1 / (1 + exp(−X)), quantised (com.microsoft QLinearSigmoid). Inputs X, its scale and zero point, scale and zero point of Y. */
export const qLinearSigmoid = quantisedForm('QLinearSigmoid', sigmoid, ofOne)
