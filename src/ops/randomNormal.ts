import { randomTensor } from './shared/random.ts'

/** Normally distributed numbers in a given shape (ONNX RandomNormal). */
export const randomNormal = randomTensor('RandomNormal', 'shape')
