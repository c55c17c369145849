import type { Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/gradient-norm.ts'

export const gradientNorm: Experiment<Settings> = {
  name: 'gradient-norm',
  title: 'The gradients of adder layers are small',
  claim:
    'At the first iteration the weight gradients of adder layers are smaller by two orders of magnitude than those of the ordinary network’s.',
  derivation: [
    'Behind every layer stands a BatchNormalization, which divides by the standard deviation $\\sigma_B$ of the layer’s output. On the way back the gradient is divided by it, too:',
    '$$\\frac{\\partial \\ell}{\\partial Y} = \\frac{\\gamma}{\\sigma_B} \\left( \\frac{\\partial \\ell}{\\partial Z} - \\ldots \\right)$$',
    'In an ordinary layer that starts well, $\\sigma_B$ is about 1 or below. In an adder layer $\\sigma_B^2 \\approx (1 - 2/\\pi) k^2 C_{in} (\\operatorname{Var} X + \\operatorname{Var} W)$ (see variance), that is 36 for $k^2 C_{in} = 100$. So the gradients of the weights are small, and one learning rate cannot suit both an adder layer and an ordinary one.',
  ],
  measures:
    'The L2 norm of the loss’s gradient for the weights of the three layers of LeNet-5-BN that are adder layers in the adder network, after one forward and backward pass; the mean over several networks and batches. Then the same for what the paper leaves open: batch, pixels, weights, $\\gamma$ and classifier.',
  data: 'Digits of MNIST where they are given (`--data`), else generated pictures. Adder weights from N(0, 1), ordinary ones with the variance that PyTorch gives them, $1/(3 k^2 C_{in})$; $\\gamma = 1$, $\\beta = 0$.',
  source: 'Chen et al., AdderNet, CVPR 2020, section 3.3, table 3',
  settings: {
    quick: { batchSize: 64, draws: 2, batches: [64, 128], every: false, drawsEach: 1 },
    full: { batchSize: 256, draws: 10, batches: [256, 64], every: true, drawsEach: 3 },
  },
  takesImages: true,
  duration: '4 s',
  run: async (settings, context) => (await import('../measurements/index.ts')).gradientNorm(settings, context),
}
