import { convAttributes } from './conv/attributes.ts'
import { convCost, convFusion, convLaw, convShape } from './conv/conv.ts'
import { convolve, dotProduct } from './conv/forward.ts'
import { defineOperator, type ReferenceOf } from './operator.ts'
import { typed } from './shared/check.ts'
import { convolutionLaw } from './shared/laws.ts'
import { arithmetic, shifted } from './shared/numbers.ts'
import { alongAxis } from './shared/quantised-forward.ts'

/** Inputs x, w, x_zero_point, w_zero_point: no bias. */
const none = -1

/**
 * Convolution of 8-bit integers into int32: inputs x, w, x_zero_point, w_zero_point (a scalar or one per output channel); layouts as in
 * Conv (ONNX ConvInteger, opset 10). Counted as the integer convolution alone: zero points fold into one constant per filter and the
 * stored weight.
 */
export const convInteger = defineOperator({
  name: 'ConvInteger',
  inputs: ['x: byte [N, C, _, …]', 'w: byte [M, …]', 'x_zero_point?: =x (1)', 'w_zero_point?: =w (M)'],
  attributes: convAttributes,
  infer: (call) => [typed('int32', convShape(call, 1))],
  cost: convCost(convolutionLaw, 1, none),
  law: convLaw(convolutionLaw, 1),
  parameters: [1],
  fusion: convFusion(1),
})

export const convIntegerReference: ReferenceOf<typeof convInteger> = {
  forward: (call, [x, w, xZero, wZero]) => {
    if (!x || !w) return []
    const weights = shifted(w, wZero && alongAxis(wZero, w.shape.length, 0))
    return [arithmetic('int32', convolve(call, shifted(x, xZero), weights, dotProduct))]
  },
}
