import type { Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/initialisation.ts'

export const initialisation: Experiment<Settings> = {
  name: 'initialisation',
  title: 'Which weights keep the signal alive',
  claim:
    'In ordinary convolution $\\operatorname{Var} W = 1/(k^2 C_{in})$ keeps the variance from layer to layer; half or twice as much makes it vanish or explode.',
  derivation: [
    'An output of an ordinary convolution is a sum of $k^2 C_{in}$ products. With independent weights and inputs of mean 0 the variances of the products add up:',
    '$$\\operatorname{Var} Y = k^2 C_{in} \\cdot \\operatorname{Var} W \\cdot \\operatorname{Var} X$$',
    'So every layer multiplies the variance by $g = k^2 C_{in} \\operatorname{Var} W$, and $L$ layers by $g^L$. Only $g = 1$ survives depth: $0.5^{20}$ is a millionth, $2^{20}$ a million.',
    'A ReLU between the layers halves the mean square of what comes next, so that the rule needs $g = 2$ then (He et al., ICCV 2015). That is the control: with ReLU, $g = 1$ must fail.',
  ],
  measures:
    'The variance of every layer’s output in a chain of 3×3 convolutions without padding, for three values of $g$, averaged over several random networks; and the same with ReLU.',
  data: 'Random inputs of variance 1.',
  source: 'Glorot and Bengio, AISTATS 2010; Chen et al., AdderNet, CVPR 2020, section 3.3',
  settings: {
    quick: { layers: 20, channels: 32, lastSize: 6, draws: 3 },
    full: { layers: 20, channels: 64, lastSize: 12, draws: 24 },
  },
  duration: '2 s',
  run: async (settings, context) => (await import('../measurements/index.ts')).initialisation(settings, context),
}
