import type { Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/similarity.ts'

export const similarity: Experiment<Settings> = {
  name: 'similarity',
  title: 'A distance is a similarity',
  claim:
    'L1 convolution measures how alike a patch and a filter are: highest for the filter itself, where the ordinary one is highest for whatever is bright.',
  derivation: [
    'A convolution slides a filter $W$ over an image and compares it with every patch $X$. The ordinary one takes the cross-correlation as the measure, the adder one the L1 distance, negated so that higher means more alike:',
    '$$Y_{\\text{ordinary}} = \\sum X \\cdot W, \\quad Y_{\\text{adder}} = -\\sum \\lvert X - W \\rvert$$',
    'The adder response is at most 0, and 0 only for $X = W$. The ordinary one has no such maximum: for $W \\ge 0$ a white patch ($X = 1$ everywhere) gives $\\sum W \\ge \\sum W \\cdot W$ whenever $W \\le 1$. So it beats the filter itself, and twice the brightness is twice the response. Networks of ordinary convolutions must learn around that with biases and negative weights.',
  ],
  measures:
    'Responses of test images to templates (training images used as filters as large as the image): how they rank against the L1 distance computed by definition; how often the strongest template is of the right class; what happens when a template is made brighter, noisy, or moved; and whether a template is found on a canvas with a white square.',
  data: 'Digits of MNIST where they are given (`--data`), else generated pictures.',
  source: 'Chen et al., AdderNet, CVPR 2020, section 3, equations 1 and 2',
  settings: { quick: { templatesPerClass: 5, images: 300 }, full: { templatesPerClass: 20, images: 2000 } },
  takesImages: true,
  duration: '2 s',
  run: async (settings, context) => (await import('../measurements/index.ts')).similarity(settings, context),
}
