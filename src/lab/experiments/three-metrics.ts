import { besideOthers, type Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/three-metrics.ts'

export const threeMetrics: Experiment<Settings> = {
  name: 'three-metrics',
  title: 'MACs, parameters, accesses: which of them is time?',
  claim:
    'What a convolution costs are three numbers, and the counter finds in a graph what the formulas say. None of them alone is the time: MACs with memory accesses predict it better for kinds of layers that no price was fitted to.',
  derivation: [
    'A regular convolution makes $H W k^2 C^2$ products with $k^2 C^2$ weights, and touches $2 H W C + k^2 C^2$ numbers. A depthwise one makes a $C$-th of the products with a $C$-th of the weights, and touches nearly as many numbers; a pointwise one makes $1/k^2$ of the products.',
    'So for each number that it touches a regular layer makes about $k^2 C / 2$ products, a depthwise one $k^2 / 2$. A processor that makes tens of products in the time of one access is kept busy by the first, and waits for memory with the second:',
    '$$t = a \\cdot \\text{MACs} + b \\cdot \\text{accesses} + c$$',
    'The prices $a$, $b$ and $c$ are fitted to layers of all kinds but one; how far the sum is off for that one says whether the metrics tell what makes time.',
  ],
  measures:
    'The three metrics of layers of every kind, counted in their graphs and by formula. The fastest run of each in Kerf and in the other runtimes that are installed, in turns; prices that are never below 0 and for which the errors, as parts of the time, are least; the factor by which predictions are off (geometric mean), for layers that were fitted and for kinds that were left out. Accesses are those of the convolutions alone.',
  data: 'Random inputs and weights. Times are this machine’s, at this moment.',
  source:
    'Ma et al., ShuffleNetV2, ECCV 2018, section 2; Chen et al., FasterNet, CVPR 2023, section 3; Williams et al., Roofline, CACM 2009',
  settings: {
    quick: {
      shapes: [16, 32, 64, 128].flatMap(
        (c) =>
          [
            [c, 14],
            [c, 28],
          ] as const,
      ),
      seconds: 0.5,
    },
    full: {
      shapes: [
        ...([
          [16, 112],
          [24, 112],
          [32, 56],
          [64, 56],
          [96, 56],
          [64, 28],
          [128, 28],
          [192, 28],
        ] as const),
        ...([
          [128, 14],
          [256, 14],
          [384, 14],
          [256, 7],
          [512, 7],
        ] as const),
      ],
      seconds: 8,
    },
  },
  duration: '15 s',
  inNode: besideOthers,
  run: async (settings, context) => (await import('../measurements/index.ts')).threeMetrics(settings, context),
}
