import type { Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/design-space.ts'

export const designSpace: Experiment<Settings> = {
  name: 'design-space',
  title: 'Which design is best for a millisecond',
  claim:
    'Networks of different designs that take the same time differ in MACs and parameters by far: what is best for a millisecond cannot be read off either.',
  derivation: [
    'Designs are compared at equal MACs where they are published. But a product of a depthwise convolution takes longer than one of a regular convolution, and an L1 distance takes another time than a product.',
    'So each design is made as wide as lets it take the time of the same small ResNet, and all are trained alike. What differs then is what the time was spent on.',
  ],
  measures:
    'The width at which a design takes the ResNet’s time in Kerf, found by halving an interval, each step timed in turns with the ResNet; the three metrics at that width; accuracy on test images behind the same training (images, epochs, batches, cosine), from several draws of the weights.',
  data: 'Images of a recipe where one is given (`--recipe`, CIFAR-10 say), else digits of MNIST (`--data`), else generated pictures.',
  source:
    'He et al., CVPR 2016; Sandler et al., MobileNetV2, CVPR 2018; Chen et al., FasterNet, CVPR 2023; Chen et al., AdderNet, CVPR 2020',
  settings: {
    quick: {
      ...{ width: 8, widest: 32, stages: 2, blocks: 1, stride: 2, draws: 1, seconds: 0.5 },
      ...{ trainImages: 1200, testImages: 400, epochs: 2, batchSize: 24 },
    },
    full: {
      ...{ width: 16, widest: 128, stages: 3, blocks: 1, stride: 1, draws: 3, seconds: 5 },
      ...{ trainImages: 10_000, testImages: 10_000, epochs: 6, batchSize: 64 },
    },
  },
  takesImages: true,
  duration: '10 s',
  inNode: 'Images of a training recipe (--recipe FILE): they are read from folders, which pages do not have.',
  run: async (settings, context) => (await import('../measurements/index.ts')).designSpace(settings, context),
}
