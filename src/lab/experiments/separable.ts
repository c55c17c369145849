import { besideOthers, type Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/separable.ts'

export const separable: Experiment<Settings> = {
  name: 'separable',
  title: 'Depthwise, then pointwise: what it saves, and what a trained network makes of it',
  claim:
    'A separable convolution makes $1/C_{out} + 1/k^2$ of the products and weights of a regular one. From the weights of a trained network it is got in closed form, and trained from there it is better than from weights drawn anew.',
  derivation: [
    'A regular convolution makes $H W k^2 C_{in} C_{out}$ products; a depthwise one $H W k^2 C_{in}$, the pointwise one behind it $H W C_{in} C_{out}$. Together that is',
    '$$\\frac{k^2 + C_{out}}{k^2 C_{out}} = \\frac{1}{C_{out}} + \\frac{1}{k^2}$$',
    'of the products. What passes between the two is written and read, unless they are computed in one pass: $4 H W C$ numbers instead of $2 H W C$.',
    'The weights of one input channel are a matrix of $C_{out}$ rows and $k^2$ columns. Its best approximation of rank 1 is a filter that all outputs share, times a factor for each output: a depthwise filter and a column of the pointwise convolution. With $r$ of them it is of rank $r$, and $r = k^2$ is the convolution itself.',
  ],
  measures:
    'The three metrics by formula, as counted in graphs, and as counted where both layers are one. The fastest run in Kerf and in the other runtimes that are installed, in turns. Accuracy on test images: a small network with regular layers; of separable ones, trained from weights drawn anew, and from those of the trained network; and what the trained one becomes with more branches, without training.',
  data: 'Random inputs for times; digits of MNIST where they are given (`--data`), else generated pictures, to learn from.',
  source: 'Howard et al., MobileNets, 2017; Guo et al., Network Decoupling, BMVC 2018',
  settings: {
    quick: {
      ...{ channels: 64, size: 28, seconds: 1, width: 8, ranks: [1, 2, 4], draws: 1 },
      ...{ trainImages: 1200, testImages: 400, epochs: 2, batchSize: 24 },
    },
    full: {
      ...{ channels: 96, size: 56, seconds: 30, width: 8, ranks: [1, 2, 3, 4, 6], draws: 3 },
      ...{ trainImages: 4000, testImages: 2000, epochs: 4, batchSize: 32 },
    },
  },
  takesImages: true,
  duration: '10 s',
  inNode: besideOthers,
  run: async (settings, context) => (await import('../measurements/index.ts')).separable(settings, context),
}
