import { concat } from './concat.ts'
import type { ReferenceOf } from './operator.ts'
import { quantisedForm, quantisedForward, slotsFrom } from './shared/quantised-form.ts'

/**
 * Y = the inputs behind one another along `axis`, quantised (com.microsoft QLinearConcat). Inputs scale and zero point of Y, then each X with its
 * scale and zero point.
 */
export const qLinearConcat = quantisedForm('QLinearConcat', concat, (inputs) => ({
  operands: slotsFrom(2, Math.floor((inputs - 2) / 3)),
  out: { scale: 0, zero: 1 },
}))

export const qLinearConcatReference: ReferenceOf<typeof qLinearConcat> = {
  forward: (call, inputs) => quantisedForward(call, inputs, concat),
}
