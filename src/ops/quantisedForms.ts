import { activations } from './activations.ts'
import { arithmetic } from './arithmetic.ts'
import { averagePool, averagePoolReference } from './averagePool.ts'
import { concat } from './concat.ts'
import { globalPools, globalPoolsReference } from './globalPools.ts'
import type { ReferencesOf } from './operator.ts'
import { reductions } from './reductions.ts'
import { channelsFirst, ofOne, ofTwo, quantisedForm, quantisedForward, slotsFrom } from './shared/quantised-form.ts'
import { softmaxes, softmaxesReference } from './softmax.ts'

/**
 * What other operators do, on quantised numbers (com.microsoft). Inputs of those of one operand: X, its scale and zero point, scale and zero point of Y;
 * of two: A, its scale and zero point, those of B, scale and zero point of C.
 */
export const quantisedForms = {
  qLinearAdd: quantisedForm('QLinearAdd', arithmetic.add, ofTwo),
  qLinearAveragePool: quantisedForm('QLinearAveragePool', averagePool, ofOne, { refuses: channelsFirst }),
  /** Inputs scale and zero point of Y, then each X with its scale and zero point. */
  qLinearConcat: quantisedForm('QLinearConcat', concat, (inputs) => ({
    operands: slotsFrom(2, Math.floor((inputs - 2) / 3)),
    out: { scale: 0, zero: 1 },
  })),
  qLinearGlobalAveragePool: quantisedForm('QLinearGlobalAveragePool', globalPools.globalAveragePool, ofOne, {
    refuses: channelsFirst,
  }),
  qLinearLeakyRelu: quantisedForm('QLinearLeakyRelu', activations.leakyRelu, ofOne),
  qLinearMul: quantisedForm('QLinearMul', arithmetic.mul, ofTwo),
  qLinearReduceMean: quantisedForm('QLinearReduceMean', reductions.reduceMean, ofOne),
  qLinearSigmoid: quantisedForm('QLinearSigmoid', activations.sigmoid, ofOne),
  /** The attribute `opset` says which Softmax is meant. */
  qLinearSoftmax: quantisedForm('QLinearSoftmax', softmaxes.softmax, ofOne, {
    opset: (reader) => reader.int('opset', 13),
  }),
}

export const quantisedFormsReference: ReferencesOf<typeof quantisedForms> = {
  qLinearAdd: { forward: (call, inputs) => quantisedForward(call, inputs, arithmetic.add) },
  qLinearAveragePool: { forward: (call, inputs) => quantisedForward(call, inputs, averagePoolReference) },
  qLinearConcat: { forward: (call, inputs) => quantisedForward(call, inputs, concat) },
  qLinearGlobalAveragePool: {
    forward: (call, inputs) => quantisedForward(call, inputs, globalPoolsReference.globalAveragePool),
  },
  qLinearLeakyRelu: { forward: (call, inputs) => quantisedForward(call, inputs, activations.leakyRelu) },
  qLinearMul: { forward: (call, inputs) => quantisedForward(call, inputs, arithmetic.mul) },
  qLinearReduceMean: { forward: (call, inputs) => quantisedForward(call, inputs, reductions.reduceMean) },
  qLinearSigmoid: { forward: (call, inputs) => quantisedForward(call, inputs, activations.sigmoid) },
  qLinearSoftmax: { forward: (call, inputs) => quantisedForward(call, inputs, softmaxesReference.softmax) },
}
