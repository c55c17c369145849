import { elementCount } from '../base/index.ts'
import { convAttributes } from './conv/attributes.ts'
import { convCost, convFusion, convLaw, convShape } from './conv/conv.ts'
import { addBias, convolve, dotProduct } from './conv/forward.ts'
import { defineOperator, type ReferenceOf } from './operator.ts'
import { required, typed } from './shared/check.ts'
import { convolutionLaw } from './shared/laws.ts'
import { shifted } from './shared/numbers.ts'
import { requantisationCost, sumOf } from './shared/quantised.ts'
import { alongAxis, requantised } from './shared/quantised-forward.ts'

/*
 * y = saturate(round(Conv(x − x_zp, w − w_zp) + B) · x_scale·w_scale/y_scale + y_zp)        (ONNX QLinearConv, opset 10)
 *
 * Inputs 0 x, 1 x_scale, 2 x_zero_point, 3 w, 4 w_scale, 5 w_zero_point, 6 y_scale, 7 y_zero_point, 8 B (int32 [C_out]); the weight's
 * scale and zero point are scalars or have one entry per output channel. Layouts as in Conv.
 */
const weight = 3
const bias = 8

/** Cost: the integer convolution and its bias as Conv (zero points fold into constants), then `requantisationCost` per output. */
export const qLinearConv = defineOperator({
  name: 'QLinearConv',
  inputs: [
    ...[
      'x: byte [N, C, _, …]',
      'x_scale: floating (1)',
      'x_zero_point: =x (1)',
      'w: byte [M, …]',
      'w_scale: floating (M)',
      'w_zero_point: =w (M)',
    ],
    ...['y_scale: floating (1)', 'y_zero_point: byte (1)', 'B?: int32 [M]'],
  ],
  attributes: convAttributes,
  infer: (call) => [typed(required(call, 7).elementType, convShape(call, weight))],
  cost: (call) =>
    sumOf(convCost(convolutionLaw, weight, bias)(call), requantisationCost(elementCount(call.outputs[0]?.shape)!)),
  law: convLaw(convolutionLaw, weight),
  parameters: [weight, bias],
  fusion: convFusion(weight),
})

export const qLinearConvReference: ReferenceOf<typeof qLinearConv> = {
  forward: (call, [x, xScale, xZero, w, wScale, wZero, yScale, yZero, b]) => {
    if (!x || !xScale || !w || !wScale || !yScale || !yZero) return []
    const weights = shifted(w, wZero && alongAxis(wZero, w.shape.length, 0))
    const sums = addBias(convolve(call, shifted(x, xZero), weights, dotProduct), b?.data)
    return [requantised(sums, { a: xScale, b: alongAxis(wScale, x.shape.length, 1), out: yScale }, yZero)]
  },
}
