import { mul } from './mul.ts'
import { quantisedForm, slotsFrom } from './shared/quantised-form.ts'

/** C = A · B, quantised, broadcast (com.microsoft QLinearMul). Inputs as those of QLinearAdd. */
export const qLinearMul = quantisedForm('QLinearMul', mul, () => ({
  operands: slotsFrom(0, 2),
  out: { scale: 6, zero: 7 },
}))
