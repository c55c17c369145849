import { besideOthers, type Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/inverted-bottleneck.ts'

export const invertedBottleneck: Experiment<Settings> = {
  name: 'inverted-bottleneck',
  title: 'What widening costs, and what it buys',
  claim:
    'An inverted bottleneck reads and writes a hidden feature map of $t$ times the channels: accesses and memory grow with $t$, and a product takes longer than in a regular convolution. What that buys is accuracy at the same width between blocks.',
  derivation: [
    'The block widens $C$ channels to $tC$ by a 1×1 convolution, convolves each by itself, and narrows them again. It makes $H W (2 t C^2 + k^2 t C)$ products, by $H W k^2 C^2$ of the regular convolution',
    '$$\\frac{2 t}{k^2} + \\frac{t}{C}$$',
    'times as many: 1.4 at $t = 6$, $k = 3$, $C = 96$. But it touches',
    '$$H W (2 C + 4 t C) + 2 t C^2 + k^2 t C$$',
    'numbers, since the hidden feature map is written and read twice: 11.6 times as many as the regular one. The memory at its peak holds hidden feature maps as well, two of $tC$ channels where depthwise results do not replace their input.',
  ],
  measures:
    'The three metrics by formula and as counted, for each $t$; the activations’ memory in the plan that Kerf makes; the fastest run in Kerf and in the other runtimes that are installed, in turns, beside the regular convolution and the separable one without widening. Then accuracy: small networks that differ in nothing but what their four layers are made of, from several draws of the weights.',
  data: 'Random inputs for times; digits of MNIST where they are given (`--data`), else generated pictures, to learn from.',
  source: 'Sandler et al., MobileNetV2, CVPR 2018; Chen et al., FasterNet, CVPR 2023, section 3',
  settings: {
    quick: {
      ...{ channels: 48, size: 28, expansions: [1, 2, 4, 6], seconds: 1 },
      ...{ width: 4, draws: 1, trainImages: 960, testImages: 400, epochs: 2, batchSize: 24 },
    },
    full: {
      ...{ channels: 96, size: 56, expansions: [1, 2, 4, 6], seconds: 40 },
      ...{ width: 4, draws: 3, trainImages: 4000, testImages: 2000, epochs: 4, batchSize: 32 },
    },
  },
  takesImages: true,
  duration: '10 s',
  inNode: besideOthers,
  run: async (settings, context) => (await import('../measurements/index.ts')).invertedBottleneck(settings, context),
}
