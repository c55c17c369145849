import type { ReferenceOf } from './operator.ts'
import { ofOne, quantisedForm, quantisedForward } from './shared/quantised-form.ts'
import { softmax, softmaxReference } from './softmax.ts'

/**
 * Y = exp(X − max) / Σ exp(X − max) along `axis`, quantised (com.microsoft QLinearSoftmax); the attribute `opset` says which Softmax is meant. Inputs X, its
 * scale and zero point, scale and zero point of Y.
 */
export const qLinearSoftmax = quantisedForm('QLinearSoftmax', softmax, ofOne, {
  opset: (reader) => reader.int('opset', 13),
})

export const qLinearSoftmaxReference: ReferenceOf<typeof qLinearSoftmax> = {
  forward: (call, inputs) => quantisedForward(call, inputs, softmaxReference),
}
