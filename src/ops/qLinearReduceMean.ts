import { reduceMean } from './reduceMean.ts'
import { ofOne, quantisedForm } from './shared/quantised-form.ts'

/**
 * Y = Σ X / n along `axes`, quantised (com.microsoft QLinearReduceMean). Inputs X, its scale and zero point, scale and zero point of Y.
 */
export const qLinearReduceMean = quantisedForm('QLinearReduceMean', reduceMean, ofOne)
