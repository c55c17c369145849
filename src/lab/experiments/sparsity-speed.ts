import { besideOthers, type Experiment } from '../experiment.ts'
import type { Layer, Settings } from '../measurements/sparsity-speed.ts'

const layer = (inChannels: number, outChannels: number, size: number, kernel = 1): Layer => ({
  inChannels,
  outChannels,
  size,
  kernel,
})

export const sparsitySpeed: Experiment<Settings> = {
  name: 'sparsity-speed',
  title: 'Zeros that pay',
  claim:
    'A kernel that leaves the products of zeros out is at least twice as fast as the dense one at 90 % zeros in 1×1 layers, with the same bits, and begins to pay well below. In a dense runtime zeros are worth nothing.',
  derivation: [
    'A dense kernel makes $H W C_{in} C_{out}$ products whatever the weights are. One that goes through the weights that are not 0 makes',
    '$$(1 - s) \\, H W C_{in} C_{out}$$',
    'of them for a share $s$ of zeros, each at a higher price: where a weight belongs has to be read with it, and its input lies elsewhere each time. Pixels are laid side by side first, which costs as much as a few weights per channel: $a \\, H W (C_{in} + C_{out})$.',
    'With a price of $p$ times that of a dense product it pays from $s = 1 - \\frac{1}{p} \\left( 1 - \\frac{a}{C_{out}} - \\frac{a}{C_{in}} \\right)$ on, with $a$ in dense products.',
  ],
  measures:
    'Median times of single layers, in turns: the dense kernel (with Winograd’s products in 3×3 layers), and the one without zeros for each share; in other runtimes that are installed without zeros and with the most of them. Whether both kernels give the same bits, where Winograd’s products are not taken.',
  data: 'Random inputs, random weights, zeros at random. Times are this machine’s, at this moment.',
  source: 'Elsen et al., Fast Sparse ConvNets, CVPR 2020',
  settings: {
    quick: {
      layers: [layer(256, 64, 14), layer(256, 256, 14), layer(64, 64, 14, 3)],
      shares: [0.1, 0.5, 0.9],
      seconds: 1,
    },
    full: {
      layers: [
        ...[layer(64, 256, 56), layer(256, 64, 56), layer(512, 128, 28), layer(1024, 256, 14), layer(512, 2048, 7)],
        ...[layer(2048, 512, 7), layer(64, 64, 56, 3), layer(256, 256, 14, 3)],
        ...[layer(96, 24, 56), layer(144, 32, 28), layer(384, 96, 14), layer(576, 160, 7), layer(320, 1280, 7)],
      ],
      shares: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95],
      seconds: 10,
    },
  },
  duration: '6 s',
  inNode: besideOthers,
  run: async (settings, context) => (await import('../measurements/index.ts')).sparsitySpeed(settings, context),
}
