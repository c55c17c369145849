import type { ConvolutionOperator } from './options.ts'

/**
 * Adder (L1) convolution for a network's body, its weights drawn from N(0, 1) as the public AdderNet code does: their size does not depend on
 * how many terms an output has, since BatchNormalization follows.
 */
export const adderConvolution: ConvolutionOperator = {
  opType: 'AdderConv',
  domain: 'ai.kerf',
  weightDeviation: () => 1,
}
