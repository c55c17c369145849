import { besideOthers, type Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/fasternet.ts'

export const fasternet: Experiment<Settings> = {
  name: 'fasternet',
  title: 'Whole networks: products, memory and time',
  claim:
    'FasterNet-T0 makes a tenth more products than MobileNetV2, touches fewer numbers, and is faster: its partial convolutions reach more products per second than depthwise ones.',
  derivation: [
    'Time is products ÷ products per second, and networks are compared by the first alone where they are called small. A depthwise convolution makes few products for each number that it touches; so MobileNetV2’s inverted bottlenecks are few products and much memory.',
    'FasterNet’s block is a partial convolution of a quarter of the channels and two 1×1 convolutions: the same products, made where there are many for each number.',
  ],
  measures:
    'MACs, parameters and memory accesses of whole networks at 224×224, counted in their graphs; the activations’ memory in Kerf’s plan; the fastest run of one image in Kerf and in the other runtimes that are installed, in turns; how well each metric orders the networks as the clock does (Spearman).',
  data: 'Random images, weights as networks begin. Times are this machine’s, at this moment.',
  source: 'Chen et al., Run, Don’t Walk: Chasing Higher FLOPS for Faster Neural Networks, CVPR 2023, tables 1 and 4',
  settings: {
    quick: {
      networks: ['fasternet_t0', 'mobilenet_v1', 'mobilenet_v2', 'ghostnet'],
      size: 64,
      seconds: 3,
    },
    full: {
      networks: [
        ...(['fasternet_t0', 'fasternet_t1', 'fasternet_t2', 'mobilenet_v1', 'mobilenet_v2', 'ghostnet'] as const),
        ...(['squeezenet1_1', 'resnet18', 'resnet50'] as const),
      ],
      size: 224,
      seconds: 60,
    },
  },
  duration: '10 s',
  inNode: besideOthers,
  run: async (settings, context) => (await import('../measurements/index.ts')).fasternet(settings, context),
}
