import type { Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/variance.ts'

export const variance: Experiment<Settings> = {
  name: 'variance',
  title: 'The outputs of adder layers are large',
  claim:
    'The variance of an adder layer’s output is $(1 - 2/\\pi) \\cdot k^2 C_{in} \\cdot (\\operatorname{Var} X + \\operatorname{Var} W)$: no choice of weights keeps it small.',
  derivation: [
    'Let $x$ and $w$ be independent and normal with mean 0. Then $d = x - w$ is normal with variance $\\sigma^2 = \\sigma_x^2 + \\sigma_w^2$, and $\\lvert d \\rvert$ is half-normal:',
    '$$\\operatorname{E} \\lvert d \\rvert = \\sigma \\sqrt{\\frac{2}{\\pi}}, \\quad \\operatorname{E} \\lvert d \\rvert^2 = \\sigma^2, \\quad \\operatorname{Var} \\lvert d \\rvert = \\left(1 - \\frac{2}{\\pi}\\right) \\sigma^2$$',
    'An output is $-\\sum \\lvert x - w \\rvert$ over $k^2 C_{in}$ taps, so that',
    '$$\\operatorname{Var} Y = \\left(1 - \\frac{2}{\\pi}\\right) k^2 C_{in} \\left(\\operatorname{Var} X + \\operatorname{Var} W\\right)$$',
    'In ordinary convolution the variances are multiplied, and $\\operatorname{Var} W = 1/(k^2 C_{in})$ makes up for the number of taps. Here they are added: however small the weights are, $\\operatorname{Var} Y$ is at least $0.36 \\cdot k^2 C_{in} \\operatorname{Var} X$. So every adder layer needs a BatchNormalization behind it, and with outputs that large the gradients become small (see gradient-norm).',
    'The paper prints the constant as $\\sqrt{\\pi/2} \\approx 1.25$ instead of $1 - 2/\\pi \\approx 0.363$; that is the control.',
    'Behind a ReLU the input is not normal and its mean is not 0. For $x = \\max(0, z)$, both standard normal, $\\operatorname{E} \\lvert x - w \\rvert = (\\sqrt{2/\\pi} + 2/\\sqrt{\\pi})/2$ and $\\operatorname{E} (x - w)^2 = 3/2$, so that $\\operatorname{Var} \\lvert x - w \\rvert \\approx 0.572$, where the simple formula has $0.487$.',
    'In a network the taps of a patch are not independent either: neighbouring pixels resemble each other. For inputs as they are and weights from $N(\\mu, \\sigma^2)$, the distance at a tap is a folded normal number. With $z = (x - \\mu)/\\sigma$ its mean and variance are',
    '$$m(x) = \\sigma \\sqrt{\\frac{2}{\\pi}} e^{-z^2/2} + (x - \\mu)(1 - 2 \\Phi(-z)), \\quad v(x) = (x - \\mu)^2 + \\sigma^2 - m(x)^2$$',
    'and by the law of total variance, first over the weights of a patch, then over patches,',
    '$$\\operatorname{Var} Y = \\operatorname{E} \\sum v(x) + \\operatorname{Var} \\sum m(x)$$',
    'The last term holds the covariances of all pairs of taps. It is what makes real outputs larger.',
  ],
  measures:
    'The variance of outputs whose inputs and weights are all drawn independently, for several numbers of taps and scales. Then the adder layers of ResNet-20 at the first iteration.',
  data: 'Random numbers; for the network digits of MNIST where they are given (`--data`), else generated pictures.',
  source: 'Chen et al., AdderNet, CVPR 2020, section 3.3, equations 9 and 10',
  settings: {
    quick: { samples: 2000, taps: [9, 36, 144, 576], batchSize: 8 },
    full: { samples: 100_000, taps: [9, 36, 144, 576], batchSize: 64 },
  },
  takesImages: true,
  duration: '1 s',
  run: async (settings, context) => (await import('../measurements/index.ts')).variance(settings, context),
}
