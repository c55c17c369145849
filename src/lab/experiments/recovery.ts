import type { Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/recovery.ts'

export const recovery: Experiment<Settings> = {
  name: 'recovery',
  title: 'What brings a cut network back without labels',
  claim:
    'Most of the accuracy that a cut takes is not lost: solving for the weights that are left brings it back, with a few images, no labels and no training.',
  derivation: [
    'Behind a cut the weights that are left are no longer the best ones: they were trained beside channels that are gone. What a layer should give is known, since the network before the cut gives it: $Y$. What it reads now is known as well: $X$.',
    '*Mean replacement* puts what the missing channels gave on average into the bias. *Merging* writes a missing channel as a linear combination of those that stay. *Least squares* solves for all weights of the layer at once:',
    '$$\\min_W \\lVert Y - X W \\rVert^2 + \\lambda \\lVert W \\rVert^2$$',
    '*Statistics* measures the means and variances of normalisations anew. Each step is judged on images that it was not fitted to, and taken back where it is worse.',
  ],
  measures:
    'Accuracy on test images of the cut network, behind each step alone, and behind those that are done by default; how far the outputs are from those before the cut, on images that are held out.',
  data: 'LeNet-5-BN, trained here; digits of MNIST where they are given (`--data`), else generated pictures.',
  source: 'He et al., ICCV 2017; Luo et al., ICCV 2017',
  settings: {
    quick: { trainImages: 1200, testImages: 400, epochs: 2, batchSize: 24, budget: 0.5, criterion: 'l2', images: 96 },
    full: {
      trainImages: 20_000,
      testImages: 4000,
      epochs: 5,
      batchSize: 64,
      budget: 0.25,
      criterion: 'l2',
      images: 512,
    },
  },
  takesImages: true,
  duration: '6 s',
  run: async (settings, context) => (await import('../measurements/index.ts')).recovery(settings, context),
}
