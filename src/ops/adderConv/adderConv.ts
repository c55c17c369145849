import { convAttributes } from '../conv/attributes.ts'
import { convCost, convForward, convFusion, convLaw, convShape } from '../conv/conv.ts'
import { negativeL1Distance } from '../conv/forward.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from '../operator.ts'
import { commonType, typed } from '../shared/check.ts'
import { adderLaw } from '../shared/laws.ts'
import { adderConvBackward } from './backward.ts'

/*
 * Y[n,o,p] = B[o] − Σ_{c,t} |X[n, q(o)·C_in/g + c, p·stride + t·dilation − pad] − W[o,c,t]|        (AdderNet, Chen et al., CVPR 2020)
 *
 * Layouts, attributes and the optional bias as in Conv; padding is zeros, so a padded tap contributes −|w|.
 */

/** Cost: per tap a subtraction and an accumulation, the absolute value free; no multiplication, hence no MACs. Bias as in Conv. */
export const adderConv = defineOperator({
  name: 'AdderConv',
  domain: 'ai.kerf',
  inputs: ['X: floating [N, C, _, …]', 'W: floating [M, …]', 'B?: floating [M]'],
  attributes: convAttributes,
  infer: (call) => [typed(commonType(call, [0, 1, 2]), convShape(call, 1))],
  surrogate: true,
  cost: convCost(adderLaw, 1, 2),
  law: convLaw(adderLaw, 1),
  parameters: [1, 2],
  fusion: convFusion(1),
})

export const adderConvReference: ReferenceOf<typeof adderConv> = {
  forward: (call, inputs) => convForward(call, inputs, negativeL1Distance),
}

export const adderConvTraining: TrainingOf<typeof adderConv> = {
  backward: adderConvBackward,
}
