import { besideOthers, type Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/partial.ts'

export const partial: Experiment<Settings> = {
  name: 'partial',
  title: 'Fewer products without more memory: partial convolution',
  claim:
    'A partial convolution saves products as a depthwise one does, and accesses besides: at equal MACs it touches a twentieth of the numbers, and makes several times as many products per second. It costs its convolution only where the other channels are not copied.',
  derivation: [
    'A regular convolution of $r C$ channels makes $r^2$ of the products and touches about $r$ of the numbers:',
    '$$\\text{MACs} = H W k^2 r^2 C^2, \\quad \\text{accesses} = 2 H W r C + k^2 r^2 C^2$$',
    'A depthwise convolution has as many products at $r^2 C$ times the channels, 6 times as many at $r = 1/4$ and $C = 96$, and touches each of them. A grouped one of $1 / r^2$ groups has as many at $C$ channels, and touches all $C$. Products for each number touched are what keeps a processor busy.',
    'In a graph the channels are split and joined again. A runtime that copies then moves about $4 H W C$ numbers, more than the convolution touches; one that takes channels where they are moves none.',
  ],
  measures:
    'MACs, parameters and accesses of layers of equal MACs, of partial convolutions of several $r$, and of a FasterNet block beside an inverted bottleneck of the same MACs: by formula, and as counted in their graphs. The fastest run of each in Kerf and in the other runtimes that are installed, in turns, beside a regular convolution of $r C$ channels alone, which is what remains without copies.',
  data: 'Random inputs and weights. Times are this machine’s, at this moment.',
  source: 'Chen et al., Run, Don’t Walk: Chasing Higher FLOPS for Faster Neural Networks, CVPR 2023',
  settings: {
    quick: {
      channels: 96,
      size: 28,
      parts: [
        [1, 8],
        [1, 4],
        [1, 2],
        [1, 1],
      ],
      seconds: 1,
    },
    full: {
      ...{ channels: 96, size: 56 },
      parts: [
        [1, 8],
        [1, 4],
        [3, 8],
        [1, 2],
        [5, 8],
        [3, 4],
        [7, 8],
        [1, 1],
      ],
      seconds: 30,
    },
  },
  duration: '5 s',
  inNode: besideOthers,
  run: async (settings, context) => (await import('../measurements/index.ts')).partial(settings, context),
}
