import { seededRandom, seedFrom } from '../base/index.ts'
import { generatedImages, type ImageSet } from '../data/index.ts'
import type { Digits } from './experiment.ts'

/** Pictures of MNIST's size for where MNIST is not at hand: drawn by the `seed`, ten signs. */
export function generatedDigits(seed: number): Digits {
  return {
    name: 'generated pictures of ten signs',
    sets: generatedImages({ seed, size: 28, trainImages: 4000, testImages: 1000 }),
  }
}

/** Images as floats, [count, C, H, W]. */
export async function pixelsOf(set: ImageSet, indices: ArrayLike<number>): Promise<Float32Array> {
  const size = set.channels * set.height * set.width
  const pixels = new Float32Array(indices.length * size)
  for (let i = 0; i < indices.length; i++) await set.read(indices[i]!, pixels.subarray(i * size, (i + 1) * size))
  return pixels
}

/** Some images of a set, drawn without repeating. */
export function drawIndices(set: ImageSet, count: number, seed: number): Int32Array {
  return shuffled(set, seed).slice(0, Math.min(count, set.count))
}

/** As many images of every class, drawn without repeating: class by class. */
export function drawPerClass(set: ImageSet, perClass: number, seed: number): Int32Array {
  const order = shuffled(set, seed)
  return Int32Array.from(
    set.classes.flatMap((_, c) => [...order].filter((i) => set.labels[i] === c).slice(0, perClass)),
  )
}

function shuffled(set: ImageSet, seed: number): Int32Array {
  const random = seededRandom(seedFrom(seed, 'images'))
  const order = Int32Array.from({ length: set.count }, (_, i) => i)
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  return order
}
