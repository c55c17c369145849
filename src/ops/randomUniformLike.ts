import { randomTensor } from './shared/random.ts'

/** Uniformly distributed numbers in the shape of another tensor (ONNX RandomUniformLike). */
export const randomUniformLike = randomTensor('RandomUniformLike', 'like')
