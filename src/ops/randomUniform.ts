import { randomTensor } from './shared/random.ts'

/** Uniformly distributed numbers in a given shape (ONNX RandomUniform). */
export const randomUniform = randomTensor('RandomUniform', 'shape')
