import { randomTensor } from './shared/random.ts'

/** Normally distributed numbers in the shape of another tensor (ONNX RandomNormalLike). */
export const randomNormalLike = randomTensor('RandomNormalLike', 'like')
