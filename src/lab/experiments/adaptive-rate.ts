import type { Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/adaptive-rate.ts'

export const adaptiveRate: Experiment<Settings> = {
  name: 'adaptive-rate',
  title: 'A learning rate for every layer',
  claim:
    'Scaled by $\\eta \\sqrt{k} / \\lVert g \\rVert_2$ the updates of all adder layers are of one size, and training gets farther than with any rate for all layers, and as far as with rates that a search finds for adder layers.',
  derivation: [
    'The gradients of adder layers differ from each other and from those of ordinary layers by orders of magnitude (see gradient-norm). AdderNet gives every layer a learning rate of its own, from the norm of its gradient $g$ and its number of weights $k$:',
    '$$\\Delta W = \\gamma \\cdot \\alpha \\cdot g, \\quad \\alpha = \\frac{\\eta \\sqrt{k}}{\\lVert g \\rVert_2}$$',
    'The root mean square of $g$ is $\\lVert g \\rVert_2 / \\sqrt{k}$, so that the one of $\\alpha g$ is',
    '$$\\frac{\\eta \\sqrt{k}}{\\lVert g \\rVert_2} \\cdot \\frac{\\lVert g \\rVert_2}{\\sqrt{k}} = \\eta$$',
    'in every layer, whatever its size and whatever its gradient. Where the gradient points is left alone.',
  ],
  measures:
    'The size of the optimiser’s first update in every adder layer of ResNet-20, with the rule and without. Then LeNet-5-BN as an adder network, trained alike but for the rates: by the rule; with one fixed rate for all layers, several tried; with a fixed rate for the adder layers, the others as usual, searched on a logarithmic grid that is refined around the best; and (full settings) from there with a rate for each adder layer, by coordinate descent. Every rate that is tried is a training of its own, and is shown. Validation images, which no training learns from, choose the best of each kind; these alone, and the rule, are looked at on the test images, once.',
  data: 'Digits of MNIST where they are given (`--data`), else generated pictures.',
  source: 'Chen et al., AdderNet, CVPR 2020, section 3.3, equations 12 and 13, figure 3',
  settings: {
    quick: {
      ...{ firstBatch: 8, trainImages: 1200, validationImages: 500, testImages: 500, epochs: 2, batchSize: 24 },
      ...{ commonRates: [1], multiples: [100, 1000], refinements: 0, rounds: 0 },
    },
    full: {
      ...{ firstBatch: 64, trainImages: 6000, validationImages: 5000, testImages: 10_000 },
      ...{ epochs: 4, batchSize: 64 },
      ...{ commonRates: [0.01, 0.03, 0.3, 1, 3], multiples: [1, 10, 100, 1000, 10_000], refinements: 2, rounds: 2 },
    },
  },
  takesImages: true,
  duration: '10 s',
  run: async (settings, context) => (await import('../measurements/index.ts')).adaptiveRate(settings, context),
}
