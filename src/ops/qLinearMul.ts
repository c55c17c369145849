import { mul } from './mul.ts'
import type { ReferenceOf } from './operator.ts'
import { quantisedForm, quantisedForward, slotsFrom } from './shared/quantised-form.ts'

/** C = A · B, quantised, broadcast (com.microsoft QLinearMul). Inputs as those of QLinearAdd. */
export const qLinearMul = quantisedForm('QLinearMul', mul, () => ({
  operands: slotsFrom(0, 2),
  out: { scale: 6, zero: 7 },
}))

export const qLinearMulReference: ReferenceOf<typeof qLinearMul> = {
  forward: (call, inputs) => quantisedForward(call, inputs, mul),
}
