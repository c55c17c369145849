import { describe, expect, it } from 'vitest'
import { KerfError } from '../../base/index.ts'
import { createLoader } from '../loader.ts'
import { imagesFromArrays } from '../sets/arrays.ts'
import type { Batch, Transform } from '../types.ts'

const [channels, height, width] = [2, 4, 5]
const elements = channels * height * width
const count = 400

/** No pixel is zero, and each says where it was. */
const set = imagesFromArrays({
  images: Float32Array.from(
    { length: count * elements },
    (_, i) => ((i % elements) + 1) / 100 + Math.floor(i / elements),
  ),
  labels: Array.from({ length: count }, (_, i) => i % 4),
  channels,
  height,
  width,
})

/** One batch with all images, in the order of training. */
async function transformed(
  transforms: Transform[],
  options: { training?: boolean; seed?: number } = {},
): Promise<Batch> {
  const loader = createLoader(set, { batchSize: count, training: true, transforms, ...options })
  for await (const batch of loader.epoch(0)) return batch
  throw new Error('no batch')
}

const imagesOf = ({ images }: Batch): Float32Array[] =>
  Array.from({ length: count }, (_, i) => images.subarray(i * elements, (i + 1) * elements))

/** pixel (c, y, x) of an image made by `place` from pixel places of the original, 0 outside. */
function moved(original: Float32Array, place: (y: number, x: number) => readonly [number, number]): Float32Array {
  return Float32Array.from({ length: elements }, (_, i) => {
    const [c, y, x] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width]
    const [fromY, fromX] = place(y, x)
    const inside = fromY >= 0 && fromY < height && fromX >= 0 && fromX < width
    return inside ? original[(c * height + fromY) * width + fromX]! : 0
  })
}

describe('crop', () => {
  it.each([1, 2, 6])('with padding %d moves each image, all ways alike, and zeros come in', async (padding) => {
    const originals = imagesOf(await transformed([]))
    const cropped = imagesOf(await transformed([{ kind: 'crop', padding }]))
    const times = new Map<string, number>()
    cropped.forEach((image, i) => {
      for (let down = -padding; down <= padding; down++)
        for (let right = -padding; right <= padding; right++) {
          const expected = moved(originals[i]!, (y, x) => [y - down, x - right])
          if (expected.every((v) => v === 0) || !expected.every((v, j) => v === image[j])) continue
          const way = `${down} ${right}`
          times.set(way, (times.get(way) ?? 0) + 1)
        }
    })
    const ways = Math.min(2 * padding + 1, 2 * height - 1) * Math.min(2 * padding + 1, 2 * width - 1)
    // With few ways none is left out.
    if (padding < 3) expect(times.size).toBe(ways)
    else expect(times.size).toBeGreaterThan(0.8 * ways)
    const found = [...times.values()].reduce((sum, n) => sum + n, 0)
    // What is moved out whole has no way of its own.
    expect(found).toBe(cropped.filter((image) => image.some((v) => v !== 0)).length)
    expect(found).toBeGreaterThan((0.8 * count * ways) / (2 * padding + 1) ** 2)
    if (padding === 1) for (const n of times.values()) expect(Math.abs(n - count / 9)).toBeLessThan(30)
  })
})

describe('flip', () => {
  it('exchanges left and right of as many images as asked for', async () => {
    const originals = imagesOf(await transformed([]))
    const mirrored = originals.map((image) => moved(image, (y, x) => [y, width - 1 - x]))
    const flips = async (probability: number) => {
      const images = imagesOf(await transformed([{ kind: 'flip', probability }]))
      return images.map((image, i) => {
        if (image.every((v, j) => v === mirrored[i]?.[j])) return true
        expect(image).toEqual(originals[i])
        return false
      })
    }
    const times = async (probability: number) => (await flips(probability)).filter(Boolean).length
    expect(await times(0)).toBe(0)
    expect(await times(1)).toBe(count)
    // Four standard deviations.
    expect(Math.abs((await times(0.5)) - 200)).toBeLessThan(40)
    expect(Math.abs((await times(0.1)) - 40)).toBeLessThan(24)
  })
})

describe('cutout', () => {
  it.each([1, 2, 3])('of %d pixels sets a square to zero in all channels, its centre anywhere', async (size) => {
    const originals = imagesOf(await transformed([]))
    const centres = new Set<string>()
    imagesOf(await transformed([{ kind: 'cutout', size }])).forEach((image, i) => {
      const matching: string[] = []
      for (let cy = 0; cy < height; cy++)
        for (let cx = 0; cx < width; cx++) {
          const [top, left] = [cy - Math.floor(size / 2), cx - Math.floor(size / 2)]
          const expected = moved(originals[i]!, (y, x) =>
            y >= top && y < top + size && x >= left && x < left + size ? [-1, -1] : [y, x],
          )
          if (expected.every((v, j) => v === image[j])) matching.push(`${cy} ${cx}`)
        }
      expect(matching).toHaveLength(1)
      centres.add(matching[0]!)
    })
    expect(centres.size).toBe(height * width)
  })

  it('follows the order: before normalise the square is black, after it the mean', async () => {
    // No pixel is a mean.
    const normalise: Transform = { kind: 'normalise', mean: [0.505, 0.255], deviation: [0.5, 0.5] }
    const cutout: Transform = { kind: 'cutout', size: 2 }
    const before = await transformed([cutout, normalise])
    const after = await transformed([normalise, cutout])
    const black = [-1.01, -0.51].map(Math.fround)
    const channelOf = (i: number) => Math.floor(i / (height * width)) % channels
    expect(before.images).toEqual(after.images.map((v, i) => (v === 0 ? black[channelOf(i)]! : v)))
    const squares = after.images.filter((v) => v === 0).length
    expect(squares).toBeGreaterThan(2 * count)
  })
})

describe('normalise', () => {
  it('takes the mean of each channel off and divides by its deviation, always', async () => {
    for (const training of [true, false]) {
      const original = await transformed([], { training })
      const { images } = await transformed([{ kind: 'normalise', mean: [0.1, 0.2], deviation: [0.25, 2] }], {
        training,
      })
      const expected = original.images.map((x, i) =>
        Math.floor(i / (height * width)) % channels === 0 ? (x - 0.1) / 0.25 : (x - 0.2) / 2,
      )
      expect(images).toEqual(expected)
    }
  })
})

describe('mixup', () => {
  it('mixes images and targets of the batch by one number, and leaves labels as they were', async () => {
    const original = await transformed([])
    const mixed = await transformed([{ kind: 'mixup', alpha: 1 }])
    expect(mixed.labels).toEqual(original.labels)
    // Image n is n + its places: numbers and weights can be told from the first pixel.
    const first = imagesOf(original).map((image) => Math.floor(image[0]!))
    const mixtures = imagesOf(mixed).map((image) => image[0]! - 0.01)
    // With λ · own + (1 − λ) · partner, the partners are a permutation for the right λ only.
    const own = first.map((n, i) => ({ n, i }))
    const target = (i: number, label: number) => mixed.targets[i * 4 + label]!
    const unequal = own.find(({ i }) => {
      const weight = target(i, original.labels[i]!)
      return weight > 0 && weight < 1
    })
    const weight = target(unequal?.i as number, original.labels[unequal?.i as number]!)
    expect(weight).toBeGreaterThan(0.01)
    expect(weight).toBeLessThan(0.99)
    const partners = own.map(({ n, i }) => (mixtures[i]! - weight * n) / (1 - weight))
    expect(partners.map(Math.round).sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i))
    own.forEach(({ n, i }) => {
      const partner = Math.round(partners[i]!)
      expect(Math.abs(partners[i]! - partner)).toBeLessThan(0.01)
      const expected = [0, 0, 0, 0]
      expected[n % 4] = expected[n % 4]! + weight
      expected[partner % 4] = expected[partner % 4]! + 1 - weight
      expected.forEach((value, c) => {
        expect(target(i, c)).toBeCloseTo(value, 6)
      })
    })
  })

  it('draws its number from Beta(alpha, alpha)', async () => {
    const weights: number[] = []
    for (let seed = 0; seed < 60; seed++) {
      const { targets, labels } = await transformed([{ kind: 'mixup', alpha: 0.2 }], { seed })
      weights.push(Math.min(...Array.from(labels, (label, i) => targets[i * 4 + label]!)))
    }
    // Within 0.05 of an end: 66 % of Beta(0.2, 0.2), 10 % of Beta(1, 1), 1 % of Beta(2, 2).
    const atEnds = weights.filter((w) => w < 0.05 || w > 0.95).length
    expect(atEnds).toBeGreaterThan(27)
    expect(atEnds).toBeLessThan(52)
  })
})

it.each<[string, Transform]>([
  ['crop: padding 0.5 is not a number of pixels.', { kind: 'crop', padding: 0.5 }],
  ['flip: probability 2 is not within 0..1.', { kind: 'flip', probability: 2 }],
  ['resize: size 0 is not a number of pixels.', { kind: 'resize', size: 0 }],
  ['resize: size 3,-1 is not a number of pixels.', { kind: 'resize', size: [3, -1] }],
  ['normalise: mean has 3 values for images of 2 channels.', { kind: 'normalise', mean: [0, 0, 0], deviation: [1] }],
  [
    'normalise: deviation has 3 values for images of 2 channels.',
    { kind: 'normalise', mean: [0, 0], deviation: [1, 1, 1] },
  ],
  [
    'normalise: mean NaN,0 has a value that is not a number.',
    { kind: 'normalise', mean: [Number.NaN, 0], deviation: [1, 1] },
  ],
  [
    'normalise: deviation 1,0 has a value that is not greater than 0.',
    { kind: 'normalise', mean: [0, 0], deviation: [1, 0] },
  ],
  ['channels: grey is for images of 3 or 1 channels, these have 2.', { kind: 'channels', order: 'grey' }],
  ['cutout: size 0 is not a number of pixels.', { kind: 'cutout', size: 0 }],
  ['cutout: a square of 6 pixels is larger than the image of 4 × 5.', { kind: 'cutout', size: 6 }],
  ['mixup: alpha 0 is not greater than 0.', { kind: 'mixup', alpha: 0 }],
])('refuses %s', (message, transform) => {
  // Also where it would not run.
  for (const training of [true, false]) {
    const action = () => createLoader(set, { batchSize: 2, training, transforms: [transform] })
    expect(action).toThrow(`Transform ${message}`)
    expect(action).toThrow(KerfError)
  }
})

it('refuses a transform that there is not', () => {
  const transforms = [{ kind: 'blur' }] as unknown as Transform[]
  expect(() => createLoader(set, { batchSize: 2, training: true, transforms })).toThrow(
    'There is no transform "blur"; there are resize, centreCrop, channels, crop, flip, normalise, cutout, mixup.',
  )
})

it('normalises every channel by the one value that is given', async () => {
  const grey = imagesFromArrays({ images: Uint8Array.of(0, 255, 51), labels: [0], channels: 3, height: 1, width: 1 })
  const transforms = [{ kind: 'normalise', mean: [0.5], deviation: [0.25] }] as const
  // (0 − ½) ÷ ¼, (1 − ½) ÷ ¼, (0.2 − ½) ÷ ¼
  for await (const { images } of createLoader(grey, { batchSize: 1, training: false, transforms }).epoch(0))
    expect([...images].map((v) => Number(v.toFixed(4)))).toEqual([-2, 2, -1.2])
  expect.assertions(1)
})

it("makes colours grey by Pillow's luma, and leaves grey as it is", async () => {
  // Image.fromarray(rgb).convert('L') of these two images of 3 pixels
  const images = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, ...[10, 255, 1], ...[200, 255, 2], ...[30, 255, 3])
  const colours = imagesFromArrays({ images, labels: [0, 0], channels: 3, height: 1, width: 3 })
  const grey = imagesFromArrays({ images, labels: new Array(6).fill(0), channels: 1, height: 1, width: 3 })
  const transforms: Transform[] = [
    { kind: 'channels', order: 'grey' },
    { kind: 'normalise', mean: [0], deviation: [1 / 255] },
  ]
  for (const [set, expected] of [
    [colours, [76, 150, 29, 124, 255, 2]],
    [grey, [...images]],
  ] as const) {
    const loader = createLoader(set, { batchSize: set.count, training: false, transforms })
    expect(loader.shape).toEqual([1, 1, 3])
    for await (const { images: made } of loader.epoch(0)) expect([...made].map(Math.round)).toEqual(expected)
  }
  expect(() => createLoader(colours, { batchSize: 1, training: false, transforms: transforms.toReversed() })).toThrow(
    'Transform channels: grey comes before normalise, of pixels from 0 to 1.',
  )
  expect.assertions(5)
})

it('makes three channels of grey, all the same, before and behind normalise', async () => {
  const set = imagesFromArrays({
    images: Uint8Array.of(0, 51, 102, 255),
    labels: [0, 0],
    channels: 1,
    height: 1,
    width: 2,
  })
  const normalise: Transform = { kind: 'normalise', mean: [0.2], deviation: [0.1] }
  for (const order of ['rgb', 'bgr'] as const)
    for (const transforms of [
      [{ kind: 'channels', order } as const, normalise],
      [normalise, { kind: 'channels', order } as const],
    ]) {
      const loader = createLoader(set, { batchSize: 2, training: false, transforms })
      expect(loader.shape).toEqual([3, 1, 2])
      for await (const { images } of loader.epoch(0))
        expect(Array.from(images, Math.round)).toEqual([-2, 0, -2, 0, -2, 0, 2, 8, 2, 8, 2, 8])
    }
  expect.assertions(8)
})
