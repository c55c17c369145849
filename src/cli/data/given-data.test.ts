import { expect, it } from 'vitest'
import { generatedImages } from '../../data/index.ts'
import { GraphBuilder } from '../../graph/index.ts'
import { loaderFor } from './given-data.ts'

it.each([
  [[1, 16, 16, 3], 'is 16×16×3. It is NHWC (channels last), and this command measures NCHW networks only.'],
  [[1, 3, 8, 8], 'is 3×8×8. Resize them: --resize 8x8.'],
  [[1, 1, 16, 16], 'is 1×16×16. Give the data that the model is for.'],
])('images that do not fit an input %j are refused with what helps', (shape, message) => {
  const b = new GraphBuilder('images')
  b.output(b.node('Relu', [b.input('x', 'float32', shape)]))
  const { train } = generatedImages({ channels: 3, size: 16, trainImages: 2, testImages: 1 })
  expect(() => loaderFor(b.model(), train, [])).toThrow(`The images are 3×16×16, input "x" of the model ${message}`)
})
