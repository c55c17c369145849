import type { Criterion } from './criterion.ts'

/** What the others estimate, measured: how much the loss grows without the channel. Slow: the images run once for every channel. */
export const oracle: Criterion = {
  name: 'oracle',
  formula: 'L(\\text{without } c) - L',
  source: 'Molchanov et al., Pruning Convolutional Neural Networks for Resource Efficient Inference, ICLR 2017',
  needs: 'loss',
  score: ({ growths }) => growths(),
}
