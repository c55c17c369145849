import type { ConvolutionOperator } from '../nets/index.ts'

/** Adder convolution for a network's body, its weights from N(0, 1) as in the public AdderNet code. */
export const adderConvolution: ConvolutionOperator = {
  opType: 'AdderConv',
  domain: 'ai.kerf',
  weightDeviation: () => 1,
}
