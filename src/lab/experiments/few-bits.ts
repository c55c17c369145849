import type { Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/few-bits.ts'

export const fewBits: Experiment<Settings> = {
  name: 'few-bits',
  title: 'Adder and ordinary networks in few bits, side by side',
  claim:
    'In 8 and 6 bits an adder network loses no more accuracy than an ordinary one of the same layers, in as many bytes; both run on whole numbers from end to end.',
  derivation: [
    'An ordinary layer in codes multiplies bytes and adds up in 32 bits, $\\sum (x_q - z) w_q$, with a scale for each filter. An adder layer has one scale for inputs and weights, and no product:',
    '$$\\sum \\lvert x_q - w_q \\rvert = 2 \\sum \\max(w_q - x_q, 0) + \\sum x_q - \\sum w_q$$',
    'a saturating subtraction of 16 bytes, and their sum. With $b$ bits an error is at most half a step, $(h - l) / (2^b - 1) / 2$, in both; a product carries that of the weight times the input and of the input times the weight, a difference carries each once.',
  ],
  measures:
    'LeNet-5-BN, once with adder convolutions, once with ordinary ones, trained alike; each quantised from the same calibration images, and run by the kernels for codes: accuracy on test images, bytes of the weights of its convolutions, milliseconds for an image.',
  data: 'Digits of MNIST where they are given (`--data`), else generated pictures.',
  source: 'Adder networks: Chen et al., AdderNet, CVPR 2020; integers: Jacob et al., CVPR 2018',
  takesImages: true,
  settings: {
    quick: {
      trainImages: 1200,
      testImages: 500,
      epochs: 2,
      batchSize: 24,
      calibrationImages: 200,
      bits: [8, 6, 5, 4],
      seconds: 0.5,
    },
    full: {
      trainImages: 20_000,
      testImages: 2000,
      epochs: 5,
      batchSize: 64,
      calibrationImages: 500,
      bits: [8, 6, 5, 4],
      seconds: 10,
    },
  },
  duration: '8 s',
  run: async (settings, context) => (await import('../measurements/index.ts')).fewBits(settings, context),
}
