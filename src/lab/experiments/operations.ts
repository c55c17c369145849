import type { Experiment } from '../experiment.ts'

export const operations: Experiment = {
  name: 'operations',
  title: 'Additions instead of multiplications',
  claim: 'An adder network does no multiplications in its body, and twice as many additions as the ordinary network.',
  derivation: [
    'A $k \\times k$ convolution from $C_{in}$ to $C_{out}$ channels computes $H \\cdot W \\cdot C_{out}$ outputs, each from $k^2 C_{in}$ taps. An ordinary tap is a multiplication and an addition:',
    '$$\\text{muls} = \\text{adds} = H W k^2 C_{in} C_{out}$$',
    'A tap of an adder convolution, $\\lvert x - w \\rvert$, is a subtraction and an addition; the absolute value is a sign bit that is cleared, and counts as free:',
    '$$\\text{muls} = 0, \\quad \\text{adds} = 2 H W k^2 C_{in} C_{out}$$',
    'The first convolution and the classifier of published adder networks stay ordinary. Counting them as adder layers therefore promises too much: their multiplications are still there.',
  ],
  measures:
    'The operations of all layers with weights, counted node by node in the built networks, against the formula, and against the table in the AdderNet paper. BatchNormalization, pooling and shortcuts are left out, as there.',
  data: 'No data: counts depend on shapes only.',
  source: 'Chen et al., AdderNet, CVPR 2020, section 4, tables 1 and 2',
  settings: { quick: {}, full: {} },
  duration: '0.1 s',
  run: async () => (await import('../measurements/index.ts')).operations(),
}
