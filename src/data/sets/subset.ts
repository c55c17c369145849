import { KerfError, seededRandom, seedFrom, shuffle } from '../../base/index.ts'
import { counting } from '../random.ts'
import type { ImageSet, SharedImages } from '../types.ts'

/**
 * Some images of a set, in the order given; nothing is copied.
 * @param indices each from 0 to `count - 1`; one may come several times
 */
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
    labels: chosen.map((index) => set.labels[index]!),
    read: (index, into) => set.read(chosen[index]!, into),
    share: set.share && (() => sharedPart(set.share?.() as SharedImages, chosen)),
  }
}

const sharedPart = (whole: SharedImages, chosen: Int32Array): SharedImages => ({
  ...whole,
  chosen: whole.chosen ? chosen.map((index) => whole.chosen?.[index] as number) : chosen,
})

/** The two parts of a divided set. */
export interface DividedSet {
  /** What the part leaves. */
  readonly rest: ImageSet
  /** The fraction that was asked for. */
  readonly part: ImageSet
}

/**
 * Divides a set by the seed: `part` holds that fraction of the images, to the nearest and of every class alike, to within an image; at least one is
 * on either side, and of every class in `rest` where that is possible. Both keep the order of the set and share its memory.
 * @param fraction between 0 and 1
 * @param seed the same one draws the same images; 0 by default
 * @param purpose `testing`, `validation` …: the same seed draws other images for another purpose
 * @throws KerfError `bad-options`, `too-few-images` (less than two)
 */
export function splitSet(set: ImageSet, fraction: number, seed = 0, purpose = 'testing'): DividedSet {
  if (!(fraction > 0 && fraction < 1))
    throw new KerfError('bad-options', `The part for ${purpose} is ${fraction}; give a number between 0 and 1.`, {
      fraction,
      purpose,
    })
  if (set.count < 2)
    throw new KerfError(
      'too-few-images',
      `${set.count} images cannot be divided into training and ${purpose}. Use more.`,
      { count: set.count, purpose },
    )
  const wanted = Math.min(set.count - 1, Math.max(1, Math.round(set.count * fraction)))
  // Without labels all are alike.
  const perClass = Array.from({ length: Math.max(1, set.classes.length) }, (): number[] => [])
  set.labels.forEach((label, index) => {
    perClass[label]?.push(index)
  })
  const random = seededRandom(seedFrom(seed, `images for ${purpose}`))
  const counts = shares(
    perClass.map((images) => images.length),
    wanted,
  )
  const chosen = new Set(perClass.flatMap((images, c) => shuffle(images, random).slice(0, counts[c])))
  const all = counting(set.count)
  return {
    rest: subset(
      set,
      all.filter((index) => !chosen.has(index)),
    ),
    part: subset(
      set,
      all.filter((index) => chosen.has(index)),
    ),
  }
}

/**
 * `wanted` in proportion to the sizes, in whole numbers: the largest remainders are rounded up (Hamilton's method), where that leaves something of
 * the size, as long as that is possible.
 */
function shares(sizes: readonly number[], wanted: number): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const exact = sizes.map((size) => (size * wanted) / total)
  const counts = exact.map(Math.floor)
  const remainder = (c: number) => exact[c]! % 1
  const order = exact.map((_, c) => c).sort((a, b) => remainder(b) - remainder(a) || a - b)
  let left = wanted - counts.reduce((sum, count) => sum + count, 0)
  for (const kept of [1, 0])
    for (const c of order)
      if (left > 0 && counts[c]! < sizes[c]! - kept) {
        counts[c] = counts[c]! + 1
        left--
      }
  return counts
}
