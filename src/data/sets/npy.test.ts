import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { npyBytes } from '../../formats/index.ts'
import { openData, openPart } from '../open.node.ts'
import type { ImageSet } from '../types.ts'
import { imagesFromNpy, type NpyOptions } from './npy.ts'

const bytes = (...shape: number[]) => {
  const data = Uint8Array.from({ length: shape.reduce((p, d) => p * d, 1) }, (_, i) => i % 256)
  return npyBytes({ elementType: 'uint8', shape, data })
}
const floats = (
  shape: readonly number[],
  value: (i: number) => number,
  elementType: 'float32' | 'float64' = 'float32',
) => {
  const values = Array.from({ length: shape.reduce((p, d) => p * d, 1) }, (_, i) => value(i))
  const data = elementType === 'float32' ? Float32Array.from(values) : Float64Array.from(values)
  return npyBytes({ elementType, shape, data })
}
const labels = (...data: number[]) =>
  npyBytes({ elementType: 'int64', shape: [data.length], data: BigInt64Array.from(data, BigInt) })

const open = (array: Uint8Array, options?: NpyOptions, of?: Uint8Array) =>
  imagesFromNpy({ name: 'x.npy', bytes: array }, of && { name: 'y.npy', bytes: of }, options)
const sizes = ({ count, channels, height, width }: ImageSet) => [count, channels, height, width]
const pixels = (set: ImageSet, index: number) => {
  const into = new Float32Array(set.channels * set.height * set.width)
  set.read(index, into)
  return [...into]
}

describe('images as an array', () => {
  it.each([
    [[5, 3, 4, 6], undefined, [5, 3, 4, 6]],
    [[5, 4, 6, 3], undefined, [5, 3, 4, 6]],
    [[5, 4, 6, 1], undefined, [5, 1, 4, 6]],
    [[5, 4, 6], undefined, [5, 1, 4, 6]],
    [[5, 3, 6, 3], undefined, [5, 3, 6, 3]],
    [[5, 3, 6, 3], 'NHWC', [5, 3, 3, 6]],
    [[5, 12, 4, 6], undefined, [5, 12, 4, 6]],
  ] as const)('of %j, layout %s', (shape, layout, expected) => {
    const set = open(bytes(...shape), { layout })
    expect([sizes(set), set.classes]).toEqual([expected, []])
  })

  it('has the channels in planes, bytes as parts of 255', () => {
    const last = open(bytes(2, 1, 2, 3), { layout: 'NHWC' })
    expect(pixels(last, 1).map((v) => Math.round(v * 255))).toEqual([6, 9, 7, 10, 8, 11])
    expect(pixels(open(bytes(2, 3, 1, 2)), 1).map((v) => Math.round(v * 255))).toEqual([6, 7, 8, 9, 10, 11])
  })

  it('takes floats of both sizes from 0 to 1, and labels', () => {
    for (const type of ['float32', 'float64'] as const)
      expect(pixels(open(floats([2, 1, 1, 2], (i) => i / 4, type)), 1)).toEqual([0.5, 0.75])
    const { classes, labels: numbers } = open(bytes(3, 4, 4), {}, labels(2, 0, 1))
    expect([classes, [...numbers]]).toEqual([
      ['0', '1', '2'],
      [2, 0, 1],
    ])
  })

  const imageNet = [{ kind: 'normalise', mean: [0.5], deviation: [0.25] }] as const
  it('takes floats that are ready for the network where nothing is done to them', () => {
    const ready = floats([2, 1, 2, 2], (i) => i - 2)
    for (const transforms of [[], [{ kind: 'normalise', mean: [0], deviation: [1] }]] as const)
      expect(pixels(open(ready, { transforms }), 0)).toEqual([-2, -1, 0, 1])
    expect(() => open(ready, { transforms: imageNet })).toThrow(
      /x\.npy holds numbers from -2 to 5; .*Divide pixels by 255.*--mean 0 --std 1/,
    )
    expect(
      sizes(
        open(
          floats([1, 1, 2, 2], (i) => i / 3 + 1e-4),
          { transforms: imageNet },
        ),
      ),
    ).toEqual([1, 1, 2, 2])
  })

  it.each([
    ['a matrix', bytes(4, 4), /array \[4, 4\]; expected images as \[N, channels/],
    ['no images', bytes(0, 3, 4, 4), /holds no images: its shape is \[0, 3, 4, 4\]/],
    [
      'whole numbers',
      npyBytes({ elementType: 'int64', shape: [1, 1, 1], data: BigInt64Array.of(1n) }),
      /holds int64\. Images are bytes/,
    ],
    ['NaN', floats([1, 1, 2], () => Number.NaN), /NaN or infinite/],
    ['a cut file', bytes(2, 3, 4, 4).slice(0, 150), /no whole \.npy file/],
  ])('refuses %s', (_, array, message) => {
    expect(() => open(array)).toThrow(message)
  })

  it('refuses labels of another number, or that are none', () => {
    expect(() => open(bytes(3, 4, 4), {}, labels(1))).toThrow(/y\.npy has 1 labels, x\.npy 3 images/)
    expect(() =>
      open(
        bytes(1, 4, 4),
        {},
        floats([1], () => 0),
      ),
    ).toThrow(/y\.npy holds float32 \[1\]; expected labels/)
    expect(() => open(bytes(1, 4, 4), {}, labels(-1))).toThrow(/image 0 has the label -1/)
  })
})

describe('files of arrays', () => {
  let folder: string
  const at = (name: string) => join(folder, name)
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kerf-npy-'))
    writeFileSync(at('train.npy'), bytes(10, 3, 4, 4))
    writeFileSync(at('labels.npy'), labels(0, 1, 0, 1, 0, 1, 0, 1, 0, 1))
    writeFileSync(at('test.npy'), bytes(2, 4, 4, 3))
    writeFileSync(at('test-labels.npy'), labels(0, 0))
    writeFileSync(at('grey.npy'), bytes(2, 4, 4))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('are opened as the other kinds of data are', async () => {
    const parts = { kind: 'npy', train: at('train.npy'), trainLabels: at('labels.npy') } as const
    const divided = await openData({ ...parts, testFraction: 0.2 })
    expect([divided.train.count, divided.test.count]).toEqual([8, 2])
    const both = await openData({ ...parts, test: at('test.npy'), testLabels: at('test-labels.npy') })
    expect([sizes(both.test), both.test.classes]).toEqual([
      [2, 3, 4, 4],
      ['0', '1'],
    ])
    const alone = await openPart({ kind: 'npy', train: at('train.npy') }, 'train', { labels: 'optional' })
    expect(alone && [alone.count, alone.classes]).toEqual([10, []])
    expect((await openPart({ ...parts, testFraction: 0.2 }, 'test', { labels: 'none' }))?.classes).toEqual([])
  })

  it('say where labels are given, and which images differ', async () => {
    await expect(openData({ kind: 'npy', train: at('train.npy'), testFraction: 0.1 })).rejects.toThrow(
      /train\.npy has no labels\. .*--set data\.trainLabels=labels\.npy/,
    )
    await expect(
      openData({ kind: 'npy', train: at('train.npy'), test: at('grey.npy') }, { labels: 'none' }),
    ).rejects.toThrow(/grey\.npy: images are 1 × 4 × 4, those for training 3 × 4 × 4/)
  })
})
