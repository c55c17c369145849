import { add } from './add.ts'
import type { ReferenceOf } from './operator.ts'
import { quantisedForm, quantisedForward, slotsFrom } from './shared/quantised-form.ts'

/** C = A + B, quantised, broadcast (com.microsoft QLinearAdd). Inputs A, its scale and zero point, those of B, scale and zero point of C. */
export const qLinearAdd = quantisedForm('QLinearAdd', add, () => ({
  operands: slotsFrom(0, 2),
  out: { scale: 6, zero: 7 },
}))

export const qLinearAddReference: ReferenceOf<typeof qLinearAdd> = {
  forward: (call, inputs) => quantisedForward(call, inputs, add),
}
