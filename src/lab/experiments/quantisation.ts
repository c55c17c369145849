import type { Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/quantisation.ts'

export const quantisation: Experiment<Settings> = {
  name: 'quantisation',
  title: 'Few bits suffice, if weights are clamped',
  claim:
    'With weights clamped to the range of the activations, which loses nothing, an adder network keeps its accuracy down to 5 bits.',
  derivation: [
    'In integers, $\\sum \\lvert x - w \\rvert$ is exact if both have the same scale $s$ and zero point: $\\sum \\lvert x - w \\rvert \\approx s \\sum \\lvert x_q - w_q \\rvert$. With $b$ bits for a range $[l, h]$ the scale is',
    '$$s = \\frac{h - l}{2^b - 1}$$',
    'Weights of adder networks are much wider than activations, and would set the range: most codes would be spent on weights, few on activations. But for every $x \\in [l, h]$ and any $w$,',
    '$$\\lvert x - w \\rvert = \\lvert x - c \\rvert + \\lvert w - c \\rvert, \\quad c = \\min(\\max(w, l), h)$$',
    'since $c$ lies between $x$ and $w$. The second part does not depend on $x$: summed over the taps it is a constant of the filter, and goes into its bias. So the range need only hold the activations.',
  ],
  measures:
    'Accuracy on test images against the number of bits, for three ways to choose the range from calibration images: the one whose codes are nearest to the activations, with weights clamped to it; the smallest that holds all activations, with weights clamped; and the smallest that holds activations and weights, where nothing is clamped.',
  data: 'A network given as ONNX (`--model`, such as the published adder ResNet-20), else LeNet-5-BN trained here as an adder network; digits of MNIST where they are given (`--data`), else generated pictures.',
  source: 'The identity is shown above; adder networks: Chen et al., AdderNet, CVPR 2020',
  settings: {
    quick: {
      trainImages: 1200,
      testImages: 500,
      epochs: 2,
      batchSize: 24,
      calibrationImages: 200,
      bits: [8, 6, 5, 4, 3, 2],
    },
    full: {
      trainImages: 20_000,
      testImages: 2000,
      epochs: 5,
      batchSize: 64,
      calibrationImages: 500,
      bits: [8, 7, 6, 5, 4, 3, 2],
    },
  },
  takesImages: true,
  duration: '5 s',
  run: async (settings, context) => (await import('../measurements/index.ts')).quantisation(settings, context),
}
