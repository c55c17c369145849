import { describe, expect, expectTypeOf, it } from 'vitest'
import { KerfError } from '../../base/index.ts'
import type { Recipe } from '../../train/index.ts'
import type { DataSource, ImageSet, Transform } from '../types.ts'
import { type ArrayImages, imagesFromArrays } from './arrays.ts'
import { imagesFromCifar } from './cifar.ts'
import { generatedImages } from './generated.ts'
import { imagesFromIdx, readIdx } from './idx.ts'
import { splitSet, subset } from './subset.ts'

it('data and transforms of a recipe are what this room takes', () => {
  expectTypeOf<Recipe['data']>().toExtend<DataSource>()
  expectTypeOf<Recipe['transforms'][number]>().toExtend<Transform>()
  expectTypeOf<Recipe['transforms'][number]['kind']>().toEqualTypeOf<Transform['kind']>()
})

function imageOf(set: ImageSet, index: number): number[] {
  const into = new Float32Array(set.channels * set.height * set.width)
  set.read(index, into)
  return Array.from(into, (v) => Math.round(v * 255))
}

function problem(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof KerfError) return `${error.code}: ${error.message}`
    throw error
  }
  return 'no error'
}

describe('imagesFromArrays', () => {
  const planes = [1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60]
  const pixels = [1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60]
  const size = { channels: 2, height: 2, width: 3 }

  it.each<[string, ArrayImages]>([
    ['bytes, CHW', { ...size, labels: [1], images: Uint8Array.from(planes) }],
    ['bytes, HWC', { ...size, labels: [1], images: Uint8ClampedArray.from(pixels), layout: 'HWC' }],
    ['floats, CHW', { ...size, labels: [1], images: Float32Array.from(planes, (v) => v / 255) }],
    ['floats, HWC', { ...size, labels: [1], images: Float32Array.from(pixels, (v) => v / 255), layout: 'HWC' }],
  ])('%s', (_, given) => {
    const set = imagesFromArrays(given)
    expect(imageOf(set, 0)).toEqual(planes)
    expect(set).toMatchObject({ ...size, count: 1, classes: ['0', '1'], labels: Int32Array.of(1), skipped: [] })
    expect(set.bytes).toBe(given.images.byteLength)
  })

  it('reads pixels as 0..1 and several images in turn', () => {
    const set = imagesFromArrays({
      images: Uint8Array.of(0, 255, 51, 204),
      labels: [0, 1],
      channels: 1,
      height: 1,
      width: 2,
    })
    const into = new Float32Array(2)
    set.read(1, into)
    expect(into).toEqual(Float32Array.of(0.2, 0.8))
  })

  it.each<[string, Partial<ArrayImages>]>([
    ['bad-options: width is 0; give a whole number of at least 1.', { width: 0 }],
    ['count-mismatch: 12 pixels for 2 labels; 2 images of 2 × 2 × 3 have 24.', { labels: [0, 1] }],
    [
      'label-out-of-range: labels: image 0 has the label 2; there are 2 classes, 0 to 1. Correct the label, or leave the image out.',
      { labels: [2], classes: ['a', 'b'] },
    ],
    [
      'label-out-of-range: labels: image 0 has the label -1; there are 0 classes, 0 to -1. Correct the label, or leave the image out.',
      { labels: [-1] },
    ],
    [
      'label-out-of-range: labels: image 0 has the label 0.5; there are 1 classes, 0 to 0. Correct the label, or leave the image out.',
      { labels: [0.5] },
    ],
  ])('refuses: %s', (message, change) => {
    expect(problem(() => imagesFromArrays({ ...size, labels: [0], images: Uint8Array.from(planes), ...change }))).toBe(
      message,
    )
  })
})

/** An IDX file of unsigned bytes, or with another magic number. */
function idx(sizes: number[], bytes: number[], magic = 0x800 + sizes.length): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * sizes.length))
  header.setUint32(0, magic)
  for (const [i, size] of sizes.entries()) header.setUint32(4 + 4 * i, size)
  return Uint8Array.from([...new Uint8Array(header.buffer), ...bytes])
}

describe('IDX', () => {
  const images = { name: 'images', bytes: idx([2, 1, 3], [1, 2, 3, 4, 5, 6]) }
  const labels = { name: 'labels', bytes: idx([2], [3, 0]) }

  it('is read', () => {
    const set = imagesFromIdx(images, labels)
    expect(set).toMatchObject({ channels: 1, height: 1, width: 3, count: 2, labels: Int32Array.of(3, 0), bytes: 6 })
    expect(set.classes).toEqual(['0', '1', '2', '3'])
    expect([imageOf(set, 0), imageOf(set, 1)]).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ])
    // A part of a larger array, as Node's buffers are.
    const inside = Uint8Array.from([9, 9, 9, ...images.bytes]).subarray(3)
    expect(imageOf(imagesFromIdx({ name: 'inside', bytes: inside }, labels), 1)).toEqual([4, 5, 6])
  })

  it.each<[string, Uint8Array]>([
    [
      'it is no IDX file: it starts with the number 2303741511; expected 2051 for images, 2049 for labels.',
      Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 1),
    ],
    ['it is no IDX file: it starts with 2 bytes only; expected 2051 for images, 2049 for labels.', Uint8Array.of(0, 0)],
    [
      'it is no IDX file: it starts with the number 2048; expected 2051 for images, 2049 for labels.',
      idx([], [], 0x800),
    ],
    ['it holds 32-bit floats; expected unsigned bytes.', idx([1], [0, 0, 0, 0], 0xd01)],
    ['it holds elements of the unknown type 7; expected unsigned bytes.', idx([1], [0], 0x701)],
    ['the file is cut off in its header. Fetch it again.', idx([2, 2, 2], []).subarray(0, 10)],
    [
      '2 × 2 × 2 elements make 24 bytes, the file has 23: it is cut off. Fetch it again.',
      idx([2, 2, 2], [1, 2, 3, 4, 5, 6, 7]),
    ],
    ['2 elements make 10 bytes, the file has 11.', idx([2], [1, 2, 3])],
  ])('refuses: %s', (message, bytes) => {
    expect(problem(() => readIdx(bytes, 'f'))).toBe(`bad-idx: f: ${message}`)
  })

  it('refuses files that do not belong together', () => {
    const one = { name: 'one', bytes: idx([1], [0]) }
    expect(problem(() => imagesFromIdx(images, one))).toBe(
      'count-mismatch: images has 2 images, one 1 labels. They do not belong together.',
    )
    expect(problem(() => imagesFromIdx(labels, labels))).toBe(
      'bad-idx: labels: it has 1 dimension, as labels have; expected images [count, height, width].',
    )
    expect(problem(() => imagesFromIdx(images, images))).toBe(
      'bad-idx: images: it has 3 dimensions, as images have; expected labels [count].',
    )
    expect(problem(() => imagesFromIdx(images, labels, ['a', 'b', 'c']))).toBe(
      'label-out-of-range: labels: image 0 has the label 3; there are 3 classes, 0 to 2. Correct the label, or leave the image out.',
    )
    const none = { name: 'none', bytes: idx([0, 28, 28], []) }
    expect(problem(() => imagesFromIdx(none, { name: 'none', bytes: idx([0], []) }))).toBe(
      'no-images: none has no images: its sizes are 0 × 28 × 28.',
    )
  })
})

describe('CIFAR-10', () => {
  const record = (label: number, value: number) => [
    label,
    ...new Array<number>(3072).fill(value).map((v, i) => (v + i) % 256),
  ]

  it('is read, batch after batch', () => {
    const set = imagesFromCifar([
      { name: 'a', bytes: Uint8Array.from([...record(9, 5), ...record(0, 6)]) },
      { name: 'b', bytes: Uint8Array.from(record(4, 7)) },
    ])
    expect(set).toMatchObject({
      channels: 3,
      height: 32,
      width: 32,
      count: 3,
      labels: Int32Array.of(9, 0, 4),
      bytes: 9216,
    })
    expect(set.classes[9]).toBe('truck')
    expect([0, 1, 2].map((i) => [1, ...imageOf(set, i)])).toEqual([record(1, 5), record(1, 6), record(1, 7)])
  })

  it('refuses other lengths and labels', () => {
    const bytes = Uint8Array.from([...record(1, 1), 2])
    expect(problem(() => imagesFromCifar([{ name: 'b.bin', bytes }]))).toBe(
      'bad-cifar: b.bin: 3074 bytes are not a whole number of records of 3073 bytes, at least one. It is cut off, or no binary batch of CIFAR-10.',
    )
    expect(problem(() => imagesFromCifar([{ name: 'e', bytes: new Uint8Array() }]))).toMatch(/^bad-cifar: e: 0 bytes/)
    const labels = Uint8Array.from([...record(1, 1), ...record(10, 1)])
    expect(problem(() => imagesFromCifar([{ name: 'l', bytes: labels }]))).toBe(
      'label-out-of-range: l: image 1 has the label 10; there are 10 classes, 0 to 9. Correct the label, or leave the image out.',
    )
  })
})

describe('parts of a set', () => {
  const set = imagesFromArrays({
    images: Uint8Array.from({ length: 100 }, (_, i) => i),
    labels: Array.from({ length: 100 }, (_, i) => i % 5),
    channels: 1,
    height: 1,
    width: 1,
  })
  const numbers = (part: ImageSet) => Array.from({ length: part.count }, (_, i) => imageOf(part, i)[0]!)

  it('subset', () => {
    const part = subset(set, [7, 3, 7])
    expect(numbers(part)).toEqual([7, 3, 7])
    expect(part).toMatchObject({ count: 3, labels: Int32Array.of(2, 3, 2), classes: set.classes })
    expect(problem(() => subset(set, [0, 100]))).toBe(
      'bad-options: There is no image 100; the set has 100, counted from 0.',
    )
  })

  it('splitSet divides by the seed', () => {
    const { rest, part } = splitSet(set, 0.2, 3)
    expect([rest.count, part.count]).toEqual([80, 20])
    expect([...numbers(rest), ...numbers(part)].sort((a, b) => a - b)).toEqual(numbers(set))
    expect(numbers(part)).toEqual(numbers(part).toSorted((a, b) => a - b))
    expect(numbers(splitSet(set, 0.2, 3).part)).toEqual(numbers(part))
    expect(numbers(splitSet(set, 0.2, 4).part)).not.toEqual(numbers(part))
    expect(numbers(splitSet(set, 0.2, 3, 'validation').part)).not.toEqual(numbers(part))
    expect(numbers(part)).not.toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(splitSet(set, 0.001).part.count).toBe(1)
    expect(splitSet(set, 0.999).rest.count).toBe(1)
  })

  it('splitSet takes of every class alike, and leaves one of each', () => {
    const perClass = (part: ImageSet) => part.classes.map((_, c) => part.labels.filter((l) => l === c).length)
    const uneven = subset(
      set,
      [70, 20, 9, 1].flatMap((n, c) => Array.from({ length: n }, (_, i) => 5 * (i % 20) + c)),
    )
    expect(perClass(uneven)).toEqual([70, 20, 9, 1, 0])
    for (const seed of [0, 1, 2]) {
      expect(perClass(splitSet(uneven, 0.1, seed).part)).toEqual([7, 2, 1, 0, 0])
      // 35, 10, 4.5, 0.5: the one image of the last class is needed for training.
      expect(perClass(splitSet(uneven, 0.5, seed).part)).toEqual([35, 10, 5, 0, 0])
    }
    expect(perClass(splitSet(uneven, 0.99).rest)).toEqual([1, 0, 0, 0, 0])
  })

  it('splitSet refuses what cannot be divided', () => {
    expect(problem(() => splitSet(set, 1))).toBe(
      'bad-options: The part for testing is 1; give a number between 0 and 1.',
    )
    expect(problem(() => splitSet(subset(set, [1]), 0.5))).toBe(
      'too-few-images: 1 images cannot be divided into training and testing. Use more.',
    )
  })
})

describe('generated images', () => {
  const small = { classes: 4, trainImages: 42, testImages: 10, channels: 3, size: 9 } as const

  it('are as asked for, the classes alike in number', () => {
    const { train, test } = generatedImages(small)
    expect(train).toMatchObject({ channels: 3, height: 9, width: 9, count: 42, bytes: 42 * 243, skipped: [] })
    expect(test.count).toBe(10)
    expect(train.classes).toEqual(['sign 0', 'sign 1', 'sign 2', 'sign 3'])
    expect([0, 1, 2, 3].map((c) => train.labels.filter((label) => label === c).length)).toEqual([11, 11, 10, 10])
  })

  it('have defaults, and are the same for the same seed', () => {
    const all = (set: ImageSet) => Array.from({ length: set.count }, (_, i) => imageOf(set, i))
    const { train, test } = generatedImages()
    expect([train.count, test.count, train.classes.length]).toEqual([2000, 500, 10])
    expect([train.channels, train.height, train.width]).toEqual([1, 16, 16])
    const [one, again, other] = [1, 1, 2].map((seed) => generatedImages({ ...small, seed }))
    expect(all(one?.train as ImageSet)).toEqual(all(again?.train as ImageSet))
    expect(all(one?.test as ImageSet)).not.toEqual(all(other?.test as ImageSet))
    expect(all(one?.test as ImageSet)).not.toEqual(all(one?.train as ImageSet).slice(0, 10))
  })

  it('can be learnt, but not by comparing with the mean image of each class alone', () => {
    const { train, test } = generatedImages()
    const area = train.height * train.width
    const means = train.classes.map(() => new Float64Array(area))
    train.labels.forEach((label, i) => {
      imageOf(train, i).forEach((value, p) => {
        means[label]![p] = (means[label]?.[p] as number) + value / (train.count / 10)
      })
    })
    const nearest = (image: number[]) => {
      const distances = means.map((mean) => image.reduce((sum, value, p) => sum + (value - mean[p]!) ** 2, 0))
      return distances.indexOf(Math.min(...distances))
    }
    const right = Array.from(test.labels).filter((label, i) => nearest(imageOf(test, i)) === label).length
    expect(right / test.count).toBeGreaterThan(0.6)
    expect(right / test.count).toBeLessThan(0.85)
  })

  it.each<[string, Parameters<typeof generatedImages>[0]]>([
    ['classes is 1; give a whole number of at least 2.', { classes: 1 }],
    ['size is 3; give a whole number of at least 4.', { size: 3 }],
    ['testImages is 0; give a whole number of at least 1.', { testImages: 0 }],
    ['channels is 2; generated images have 1 or 3.', { channels: 2 as 1 }],
  ])('refuses: %s', (message, options) => {
    expect(problem(() => generatedImages(options))).toBe(`bad-options: ${message}`)
  })
})
