import { KerfError, seededRandom, seedFrom } from '../../base/index.ts'
import { counting, shuffle } from '../random.ts'
import type { DataSets, ImageSet, SharedImages } from '../types.ts'

/** Some images of a set, in the order given; nothing is copied. */
export function subset(set: ImageSet, indices: ArrayLike<number>): ImageSet {
  const chosen = Int32Array.from(indices)
  const wrong = chosen.find((index) => index < 0 || index >= set.count)
  if (wrong !== undefined)
    throw new KerfError('bad-options', `There is no image ${wrong}; the set has ${set.count}, counted from 0.`, {
      index: wrong,
      count: set.count,
    })
  return {
    ...set,
    count: chosen.length,
    labels: chosen.map((index) => set.labels[index] as number),
    read: (index, into) => set.read(chosen[index] as number, into),
    share: set.share && (() => sharedPart(set.share?.() as SharedImages, chosen)),
  }
}

const sharedPart = (whole: SharedImages, chosen: Int32Array): SharedImages => ({
  ...whole,
  chosen: whole.chosen ? chosen.map((index) => whole.chosen?.[index] as number) : chosen,
})

/**
 * Divides a set by the seed: `testFraction` of the images, to the nearest, are for testing, at least one on either side. Both parts keep
 * the order of the set and share its memory.
 * @throws KerfError `bad-options`, `too-few-images` (less than two)
 */
export function splitSet(set: ImageSet, testFraction: number, seed = 0): DataSets {
  if (!(testFraction > 0 && testFraction < 1))
    throw new KerfError('bad-options', `testFraction is ${testFraction}; give a part between 0 and 1.`, {
      testFraction,
    })
  if (set.count < 2)
    throw new KerfError('too-few-images', `${set.count} images cannot be divided into training and testing.`, {
      count: set.count,
    })
  const test = Math.min(set.count - 1, Math.max(1, Math.round(set.count * testFraction)))
  const order = shuffle(counting(set.count), seededRandom(seedFrom(seed, 'images for testing')))
  return { train: subset(set, order.subarray(test).sort()), test: subset(set, order.subarray(0, test).sort()) }
}
