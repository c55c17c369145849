import { describe, expect, it } from 'vitest'
import { KerfError } from '../base/index.ts'
import { createLoader } from './loader.ts'
import { imagesFromArrays } from './sets/arrays.ts'
import { generatedImages } from './sets/generated.ts'
import type { Batch, ImageSet, Loader, Transform } from './types.ts'

/** Image i is i everywhere (of 255), its label i modulo 3. */
function numbered(count: number, [channels, height, width] = [1, 2, 2]): ImageSet {
  const elements = (channels as number) * (height as number) * (width as number)
  return imagesFromArrays({
    images: Uint8Array.from({ length: count * elements }, (_, i) => Math.floor(i / elements)),
    labels: Array.from({ length: count }, (_, i) => i % 3),
    channels: channels as number,
    height: height as number,
    width: width as number,
    classes: ['a', 'b', 'c'],
  })
}

/** Copies, because a batch's arrays are used again. */
async function collect(loader: Loader, epoch = 0, firstBatch?: number): Promise<Batch[]> {
  const batches: Batch[] = []
  for await (const { images, targets, labels, count } of loader.epoch(epoch, firstBatch))
    batches.push({ images: images.slice(), targets: targets.slice(), labels: labels.slice(), count })
  return batches
}

/** Which images of `numbered` a batch holds. */
const numbersOf = ({ images, labels }: Batch): number[] =>
  Array.from(labels, (_, i) => Math.round(images[(i * images.length) / labels.length]! * 255))

function codeOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof KerfError) return `${error.code}: ${error.message}`
    throw error
  }
  return 'no error'
}

const everything: Transform[] = [
  { kind: 'crop', padding: 2 },
  { kind: 'flip', probability: 0.5 },
  { kind: 'resize', size: [20, 18] },
  { kind: 'normalise', mean: [0.2, 0.3, 0.4], deviation: [0.5, 0.6, 0.7] },
  { kind: 'cutout', size: 5 },
  { kind: 'resize', size: 12 },
  { kind: 'mixup', alpha: 0.4 },
]

describe('evaluation', () => {
  it('is in order, complete, and fills the last batch with zeros', async () => {
    const loader = createLoader(numbered(7), { batchSize: 3, training: false })
    expect(loader).toMatchObject({ classes: 3, shape: [1, 2, 2], batchSize: 3, batches: 3 })
    const batches = await collect(loader)
    expect(batches.map((b) => b.count)).toEqual([3, 3, 1])
    expect(batches.map(numbersOf)).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 0, 0],
    ])
    expect(batches[2]).toEqual({
      images: Float32Array.from([6, 6, 6, 6, 0, 0, 0, 0, 0, 0, 0, 0], (v) => v / 255),
      targets: Float32Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0),
      labels: Int32Array.of(0, 0, 0),
      count: 1,
    })
  })

  it('resizes and normalises only, in the order given', async () => {
    const { test } = generatedImages({ channels: 3, testImages: 10, trainImages: 1 })
    const evaluated = await collect(createLoader(test, { batchSize: 4, training: false, transforms: everything }))
    const alone = everything.filter(({ kind }) => kind === 'resize' || kind === 'normalise')
    expect(evaluated).toEqual(await collect(createLoader(test, { batchSize: 4, training: false, transforms: alone })))
    expect(evaluated[2]?.images.slice(2 * 3 * 12 * 12).every((v) => v === 0)).toBe(true)
    // Zeros that are put there after the mean was taken off are not zeros that are normalised.
    const [first] = evaluated
    expect(first?.images.slice(0, 3 * 12 * 12).every((v) => v !== 0)).toBe(true)
  })
})

describe('training', () => {
  it('sees every image once per epoch, in an order of the epoch, without what does not fill a batch', async () => {
    const loader = createLoader(numbered(50), { batchSize: 8, training: true, seed: 1 })
    expect(loader.batches).toBe(6)
    const orders = await Promise.all([0, 1, 0].map(async (e) => (await collect(loader, e)).flatMap(numbersOf)))
    for (const order of orders) expect(new Set(order).size).toBe(48)
    expect(orders[0]).toEqual(orders[2])
    expect(orders[0]).not.toEqual(orders[1])
    expect(orders[0]).not.toEqual(orders[0]?.toSorted((a, b) => a - b))
    const [batch] = await collect(loader)
    expect(Array.from(batch?.labels ?? [])).toEqual(numbersOf(batch!).map((n) => n % 3))
    batch?.labels.forEach((label, i) => {
      expect(Array.from(batch.targets.slice(3 * i, 3 * i + 3))).toEqual([0, 1, 2].map((c) => (c === label ? 1 : 0)))
    })
  })

  it('gives the same bits again, from any batch on, and others for another seed or epoch', async () => {
    const { train } = generatedImages({ channels: 3, trainImages: 40, testImages: 1 })
    const options = { batchSize: 8, training: true, transforms: everything, seed: 7 }
    const whole = await collect(createLoader(train, options), 3)
    expect(whole).toHaveLength(5)
    for (const from of [0, 1, 4, 5])
      expect(await collect(createLoader(train, options), 3, from)).toEqual(whole.slice(from))
    // Two epochs at a time do not disturb each other.
    const loader = createLoader(train, options)
    const [one, two] = await Promise.all([collect(loader, 3), collect(loader, 4)])
    expect(one).toEqual(whole)
    expect(two).not.toEqual(whole)
    expect(await collect(createLoader(train, { ...options, seed: 8 }), 3)).not.toEqual(whole)
  })

  it('refuses less than a batch', () => {
    expect(codeOf(() => createLoader(numbered(5), { batchSize: 6, training: true }))).toBe(
      'too-few-images: 5 images do not fill a batch of 6. Use a smaller batch (--batch-size), or more images.',
    )
    expect(createLoader(numbered(5), { batchSize: 6, training: false }).batches).toBe(1)
  })
})

describe('preparing ahead', () => {
  /** Reads of one batch at a time, which tests let go on. */
  function slowSet(count: number) {
    const set = numbered(count)
    const started: number[] = []
    const waiting: (() => void)[] = []
    const slow: ImageSet = {
      ...set,
      async read(index, into) {
        started.push(index)
        await new Promise<void>((resolve) => waiting.push(resolve))
        set.read(index, into)
      },
    }
    const release = () => {
      for (const go of waiting.splice(0)) go()
    }
    return { slow, started, release }
  }
  const later = () => new Promise((resolve) => setTimeout(resolve, 5))

  it('reads the next batch while one is used, and no further', async () => {
    const { slow, started, release } = slowSet(8)
    const loader = createLoader(slow, { batchSize: 2, training: false })
    const batches = loader.epoch(0)[Symbol.asyncIterator]()
    const first = batches.next()
    await later()
    expect(started).toEqual([0, 1])
    release()
    const used = (await first).value as Batch
    await later()
    expect(started).toEqual([0, 1, 2, 3])
    release()
    await later()
    // Nobody has asked for the second batch: the first one's arrays are left alone, and the third is not begun.
    expect(started).toEqual([0, 1, 2, 3])
    expect(numbersOf(used)).toEqual([0, 1])
    expect(numbersOf((await batches.next()).value as Batch)).toEqual([2, 3])
    await later()
    expect(started).toEqual([0, 1, 2, 3, 4, 5])
    // Left in the middle of an epoch: nothing more is read.
    release()
    await batches.return?.()
    await later()
    expect(started).toHaveLength(6)
  })

  it('hands on an error of reading, once', async () => {
    const set = numbered(4)
    const failing: ImageSet = {
      ...set,
      read: (index, into) => (index === 3 ? Promise.reject(new Error('gone')) : set.read(index, into)),
    }
    const seen: number[][] = []
    await expect(
      (async () => {
        for await (const batch of createLoader(failing, { batchSize: 2, training: false }).epoch(0)) {
          seen.push(numbersOf(batch))
          // The second batch fails meanwhile; without anyone waiting for it that must not end the process.
          await later()
        }
      })(),
    ).rejects.toThrow('gone')
    expect(seen).toEqual([[0, 1]])
  })
})

it.each<[string, () => unknown]>([
  ['bad-options: batchSize is 0; give a whole number of at least 1.', () => loaderWith({ batchSize: 0 })],
  ['bad-options: batchSize is 1.5; give a whole number of at least 1.', () => loaderWith({ batchSize: 1.5 })],
  ['bad-options: seed is NaN; give a whole number.', () => loaderWith({ seed: Number.NaN })],
  ['no-images: The data set has no images.', () => createLoader(numbered(0), { batchSize: 1, training: false })],
  ['bad-options: epoch is -1; give a whole number of at least 0.', () => loaderWith({}).epoch(-1)],
  ['bad-options: firstBatch is 4; an epoch has the batches 0 to 2.', () => loaderWith({}).epoch(0, 4)],
])('refuses: %s', (message, action) => {
  expect(codeOf(action)).toBe(message)
})

function loaderWith(options: { batchSize?: number; seed?: number }): Loader {
  return createLoader(numbered(6), { batchSize: 2, training: true, ...options })
}
