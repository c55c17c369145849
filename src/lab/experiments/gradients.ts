import type { Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/gradients.ts'

export const gradients: Experiment<Settings> = {
  name: 'gradients',
  title: 'The derivative that only knows directions',
  claim:
    'The exact derivative of an adder layer is a sign; the full-precision gradient that training uses is that of a layer with squared distances, and trains better.',
  derivation: [
    'The derivative of $Y = -\\sum \\lvert X - W \\rvert$ is',
    '$$\\frac{\\partial Y}{\\partial W} = \\operatorname{sgn}(X - W), \\quad \\frac{\\partial Y}{\\partial X} = \\operatorname{sgn}(W - X)$$',
    'wherever $X \\ne W$. It says in which direction to go and never how far: a weight that is nearly right is pushed as hard as one that is far off. AdderNet takes the difference itself instead,',
    '$$\\frac{\\partial Y}{\\partial W} := X - W, \\quad \\frac{\\partial Y}{\\partial X} := \\operatorname{HardTanh}(W - X)$$',
    'The first is the exact derivative of $-\\frac{1}{2} \\sum (X - W)^2$: training pretends that the distance is Euclidean. The second is clipped to $[-1, 1]$, because the chain rule multiplies the gradients of all layers, and unclipped differences, which are often larger than 1, would grow from layer to layer.',
  ],
  measures:
    'The derivatives that the library computes against central differences in float64, at many inputs and weights none of which lies at a tie. Then LeNet-5-BN as an adder network, trained from the same seed on the same batches by both rules for the weights, each with the input’s gradient clipped and not.',
  data: 'One layer with random inputs and weights; for training digits of MNIST where they are given (`--data`), else generated pictures.',
  source: 'Chen et al., AdderNet, CVPR 2020, sections 3.1 and 3.2, equations 3 to 6',
  settings: {
    quick: { channels: 4, size: 8, probes: 40, trainImages: 1200, testImages: 500, epochs: 2, batchSize: 24 },
    full: { channels: 8, size: 12, probes: 200, trainImages: 10_000, testImages: 10_000, epochs: 5, batchSize: 64 },
  },
  takesImages: true,
  duration: '8 s',
  run: async (settings, context) => (await import('../measurements/index.ts')).gradients(settings, context),
}
