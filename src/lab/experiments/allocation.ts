import type { Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/allocation.ts'

export const allocation: Experiment<Settings> = {
  name: 'allocation',
  title: 'How many channels in which layer, for the same time',
  claim:
    'With the same time for all of them, widths that are chosen by measured time keep more of what a criterion values than one ratio for every layer; what that is worth shows in quality, before recovery and after it.',
  derivation: [
    'A budget says what a network may cost, not where it is to be saved. *Uniform* takes the same part of every group. *Sensitivity* takes of each group as much as costs the same quality by itself (Li et al., ICLR 2017). *MACs* and *time* solve a knapsack: a channel is worth its score and costs what it costs at the widths that its neighbours have then, in multiplications with addition, or in milliseconds by the measured laws of the layers.',
    'MACs are no time: a depthwise layer takes ten times as long for each, and a kernel that makes eight channels at a time gains nothing from the ninth to the sixteenth. So all four are compared at the same predicted time, which is then measured.',
    'What is kept is the geometric mean over groups of the share of the scores,',
    '$$\\left( \\prod_g \\frac{\\sum_{c \\in \\text{kept}_g} s_c}{\\sum_c s_c} \\right)^{1/G}$$',
    'which *time* maximises. It is a stand-in for quality, and no more: whether the network that keeps more is better is what the last columns tell.',
  ],
  measures:
    'Quality on test images right after the cut and after recovery without labels; time of all cut networks and the given one in turns, on Kerf’s runtime.',
  data: 'LeNet-5-BN, trained here, on digits of MNIST where they are given (`--data`), else on generated pictures. With `--model` a network of one’s own: one for digits of 28×28 is judged by labels, another by how often it agrees with itself uncut, on generated pictures. Times are this machine’s.',
  source: 'Li et al., ICLR 2017; Yang et al., NetAdapt, ECCV 2018; He et al., AMC, ECCV 2018',
  settings: {
    quick: {
      ...{ trainImages: 1200, testImages: 400, epochs: 2, batchSize: 24 },
      ...{ parts: [0.7], criterion: 'l2', ratios: [0.25, 0.5, 0.75], images: 96, seconds: 0.005 },
    },
    full: {
      ...{ trainImages: 10_000, testImages: 2000, epochs: 4, batchSize: 64 },
      ...{ parts: [0.8, 0.65, 0.5], criterion: 'l2' },
      ...{ ratios: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], images: 256, seconds: 0.03 },
    },
  },
  takesImages: true,
  duration: '20 s',
  run: async (settings, context) => (await import('../measurements/index.ts')).allocation(settings, context),
}
