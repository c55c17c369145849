import { expect, it } from 'vitest'
import { generatedImages, imagesFromArrays } from '../data/index.ts'
import { GraphBuilder, type Model } from '../graph/index.ts'
import { imagesFor } from './images.ts'

function taking(shape: readonly (number | string)[]): Model {
  const b = new GraphBuilder('images')
  b.output(b.node('Relu', [b.input('x', 'float32', shape)]))
  return b.model()
}

it.each([
  [[1, 16, 8, 3], 'is 16×8×3. Resize them: --resize 16x8.'],
  [[1, 3, 8, 8], 'is 3×8×8. Resize them: --resize 8x8.'],
  [[1, 1, 16, 16], 'is 1×16×16. Give the data that the model is for.'],
])('images that do not fit an input %j are refused with what helps', (shape, message) => {
  const { train } = generatedImages({ channels: 3, size: 16, trainImages: 2, testImages: 1 })
  expect(() => imagesFor(taking(shape), train, [])).toThrow(`The images are 3×16×16, input "x" of the model ${message}`)
})

it('images come in the order of the axes that the input has', async () => {
  const images = Uint8Array.from({ length: 3 * 12 }, (_, i) => i)
  const set = imagesFromArrays({ images, labels: [0, 0, 0], channels: 3, height: 2, width: 2 })
  const of = async (shape: readonly (number | string)[]) => {
    const { batches, ...sizes } = imagesFor(taking(shape), set, [])
    const seen: number[][] = []
    for await (const { images, count } of batches) {
      seen.push(Array.from(images.subarray(0, 12 * count), (v) => Math.round(255 * v)))
      expect(images).toHaveLength(12 * sizes.batchSize)
    }
    return { ...sizes, seen }
  }
  const all = Array.from(images)
  expect(await of(['N', 3, 2, 2])).toEqual({ shape: [3, 2, 2], batchSize: 3, seen: [all] })
  const last = all.map((i) => 12 * Math.floor(i / 12) + 4 * (i % 3) + (Math.floor(i / 3) % 4))
  // Two at a time, the second batch not full.
  expect(await of([2, 2, 2, 3])).toEqual({
    shape: [2, 2, 3],
    batchSize: 2,
    seen: [last.slice(0, 24), last.slice(24)],
  })
})
