import type { Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/filter-pruning.ts'

export const filterPruning: Experiment<Settings> = {
  name: 'filter-pruning',
  title: 'Which filters go: criteria compared in one harness',
  claim:
    'What a criterion is worth shows only against chance, its own inverse and the same shape trained from scratch, with the same weights, budget and fine-tuning. Right after the cut criteria differ much; fine-tuned they differ little.',
  derivation: [
    'Published comparisons of pruning criteria differ in the network that they start from, in what they count as an operation, and in how long they fine-tune. Differences of some tenths of a per cent are then differences of the harness.',
    'Here every criterion cuts the same network to the same part of its multiplications, the same ratio of every group, so that all cut networks have one shape. What is left is brought back without labels, then fine-tuned on the same images in the same order. Seeds draw images, their order and what chance decides; mean and deviation are over them.',
    'Four rows tell what the numbers mean. *random*: channels by chance. *inverse-l2*: the largest norms first, which must be worse than chance. *scratch*: the cut shape with fresh weights, trained for all epochs together (Liu et al., ICLR 2019). *unpruned*: the whole network with the same fine-tuning, since more epochs alone may help.',
    'The cheapest honest comparison needs no fine-tuning: Spearman’s rank correlation with the oracle, which removes one channel at a time and measures the loss (Molchanov et al., ICLR 2017).',
  ],
  measures:
    'Accuracy on test images right after the cut, after recovery without labels, and after epochs of fine-tuning; multiplications with addition; rank correlation with the oracle where it is among the criteria; the time that scoring takes.',
  data: 'LeNet-5-BN, trained here, on digits of MNIST where they are given (`--data`), else on generated pictures; or what a recipe says (`--recipe`).',
  source: 'Liu et al., ICLR 2019; Blalock et al., MLSys 2020; Molchanov et al., ICLR 2017',
  settings: {
    quick: {
      ...{ trainImages: 600, testImages: 300, epochs: 2, batchSize: 24 },
      ...{ criteria: ['random', 'inverse-l2', 'l1', 'l2'], budgets: [0.5], seeds: 1, images: 48 },
      ...{ fineTuning: [1], learningRate: 0.02 },
    },
    full: {
      ...{ trainImages: 10_000, testImages: 4000, epochs: 4, batchSize: 64 },
      ...{ criteria: 'all', budgets: [0.5, 0.25], seeds: 3, images: 256 },
      ...{ fineTuning: [1, 3], learningRate: 0.02 },
    },
  },
  takesImages: true,
  duration: '8 s',
  inNode:
    'Another network and other data, by a recipe (--recipe FILE): what is done is kept in a folder, and pages have no folders.',
  run: async (settings, context) => (await import('../measurements/index.ts')).filterPruning(settings, context),
}
