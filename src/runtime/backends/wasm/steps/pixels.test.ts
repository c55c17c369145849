// Kernels on parts of wider pixels: the same bits as where pixels lie side by side, and nothing is written beside them.

import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../../base/index.ts'
import { lowerAdderConv, lowerAdderConvInteger } from './adder/layer.ts'
import { lowerConv, lowerConvTranspose } from './convolution/layer.ts'
import type { ConvLayer } from './convolution/sizes.ts'
import { lowerAffine, lowerBinary, lowerUnaryRows } from './elementwise.ts'
import type { Pixels } from './layout.ts'
import { lowerPool } from './pool.ts'
import { lowerResize } from './resize.ts'
import type { Step } from './step.ts'
import { firstDifference, StepBench } from './step-bench.node.ts'

const seed = 41
const random = seededRandom(seed)
const floats = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal())

interface Sizes {
  readonly inPixels: number
  readonly inChannels: number
  readonly outPixels: number
  readonly outChannels: number
}

/** What `lower` makes of x, once with pixels side by side and once of parts of wider ones; on one thread and three. */
function check(
  { inPixels, inChannels, outPixels, outChannels }: Sizes,
  lower: (x: number, y: number, pixels: Pixels, bench: StepBench) => Step[],
): void {
  const x = floats(inPixels * inChannels)
  const run = (before: number, behind: number, threads: number) => {
    const bench = new StepBench(1 << 22)
    const [xPixel, yPixel] = [inChannels, outChannels].map((n) => before + n + behind) as [number, number]
    const wide = new Float32Array(inPixels * xPixel).fill(Number.NaN)
    for (let p = 0; p < inPixels; p++) wide.set(x.subarray(p * inChannels, (p + 1) * inChannels), p * xPixel + before)
    const y = bench.floats(new Float32Array(outPixels * yPixel).fill(123))
    bench.run(lower(bench.floats(wide) + 4 * before, y + 4 * before, { xPixel, yPixel }, bench), threads)
    const got = bench.read(y, outPixels * yPixel)
    const inside = new Float32Array(outPixels * outChannels)
    for (let p = 0; p < outPixels; p++) {
      const pixel = got.subarray(p * yPixel, (p + 1) * yPixel)
      inside.set(pixel.subarray(before, before + outChannels), p * outChannels)
      expect([...pixel.subarray(0, before), ...pixel.subarray(before + outChannels)].every((v) => v === 123)).toBe(true)
    }
    return inside
  }
  const expected = run(0, 0, 1)
  for (const [before, behind] of [
    [3, 0],
    [0, 5],
    [4, 8],
  ] as const)
    for (const threads of [1, 3]) expect(firstDifference(run(before, behind, threads), expected)).toBe(-1)
}

const layer = (given: Partial<ConvLayer>): ConvLayer => ({
  ...{ batch: 2, inHeight: 9, inWidth: 7, outHeight: 9, outWidth: 7, kernelHeight: 3, kernelWidth: 3 },
  ...{ inChannels: 12, outChannels: 12, strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1 },
  ...{ padTop: 1, padLeft: 1, groups: 1 },
  ...given,
})

const sizesOf = (l: ConvLayer): Sizes => ({
  inPixels: l.batch * l.inHeight * l.inWidth,
  inChannels: l.inChannels,
  outPixels: l.batch * l.outHeight * l.outWidth,
  outChannels: l.outChannels,
})

describe(`parts of wider pixels (seed ${seed})`, () => {
  const one = { kernelHeight: 1, kernelWidth: 1, padTop: 0, padLeft: 0 }
  const half = { strideHeight: 2, strideWidth: 2, outHeight: 5, outWidth: 4 }
  it.each<[string, Partial<ConvLayer>]>([
    ['direct', { inChannels: 9, outChannels: 7 }],
    ['grouped', { groups: 3 }],
    ['pointwise', { ...one, inChannels: 13, outChannels: 21 }],
    ['by Winograd', {}],
    ['by Winograd, even', { inHeight: 8, inWidth: 8, outHeight: 8, outWidth: 8 }],
    ['strided', half],
    ['depthwise', { groups: 12 }],
    ['depthwise, odd', { groups: 7, inChannels: 7, outChannels: 7 }],
    ['depthwise, strided', { groups: 12, ...half }],
    ['depthwise, one column', { groups: 12, kernelWidth: 1, padLeft: 0 }],
  ])('convolution: %s', (_, given) => {
    const l = layer(given)
    const weights = floats((l.outChannels * l.inChannels * l.kernelHeight * l.kernelWidth) / l.groups)
    const bias = floats(l.outChannels)
    check(sizesOf(l), (x, y, pixels, bench) => lowerConv(l, { x, y, ...pixels, weights, bias, lo: -1, hi: 1.5 }, bench))
  })

  it.each<[string, Partial<ConvLayer>]>([
    ['strided', { strideHeight: 2, strideWidth: 2, outHeight: 17, outWidth: 13, inChannels: 6 }],
    ['stride 1', {}],
    ['depthwise', { groups: 12, strideHeight: 2, strideWidth: 2, outHeight: 17, outWidth: 13 }],
  ])('transposed convolution: %s', (_, given) => {
    const l = layer(given)
    const weights = floats((l.outChannels * l.inChannels * l.kernelHeight * l.kernelWidth) / l.groups)
    check(sizesOf(l), (x, y, pixels, bench) =>
      lowerConvTranspose(l, { x, y, ...pixels, weights, lo: -Infinity, hi: Infinity }, bench),
    )
  })

  it.each<[string, Partial<ConvLayer>]>([
    ['lines', {}],
    ['rows', { ...one, inChannels: 13, outChannels: 21 }],
    ['grouped', { groups: 3 }],
    ['few channels', { inChannels: 3, outChannels: 5 }],
    ['depthwise', { groups: 7, inChannels: 7, outChannels: 7 }],
  ])('adder convolution: %s', (_, given) => {
    const l = layer(given)
    const count = (l.outChannels * l.inChannels * l.kernelHeight * l.kernelWidth) / l.groups
    const weights = floats(count)
    const limits = { lo: -Infinity, hi: Infinity }
    check(sizesOf(l), (x, y, pixels, bench) => lowerAdderConv(l, { x, y, ...pixels, weights, ...limits }, bench))
    // Codes lie side by side, what becomes of them need not.
    const codes = { scale: 0.25, zeroPoint: 128, most: 255 }
    const bytes = (n: number) => Uint8Array.from({ length: n }, () => random.below(256))
    const [given8, weights8] = [bytes(sizesOf(l).inPixels * l.inChannels), bytes(count)]
    check({ ...sizesOf(l), inChannels: 1 }, (_, y, { yPixel }, bench) => {
      const x = bench.alloc(given8.length)
      new Uint8Array(bench.memory.buffer, x, given8.length).set(given8)
      const tensors = { x, y, yPixel, weights: weights8, codes, output: 'float32', ...limits } as const
      return lowerAdderConvInteger(l, tensors, bench)
    })
  })

  it.each([4, 7, 16, 18])('pooling of %i channels', (channels) => {
    const window = { kernel: [3, 3], strides: [2, 2], dilations: [1, 1], padBegins: [1, 1], padEnds: [1, 1] }
    for (const average of [false, true]) {
      const sizes = { batch: 2, channels, input: [9, 7], output: [5, 4], average, countIncludePad: false }
      check({ inPixels: 126, inChannels: channels, outPixels: 40, outChannels: channels }, (x, y, pixels, bench) =>
        lowerPool({ ...sizes, ...window, ...pixels }, x, y, bench),
      )
    }
  })

  it.each([1, 4, 7, 18])('elements of %i channels', (channels) => {
    const pixels = 50
    const sizes = { inPixels: pixels, inChannels: channels, outPixels: pixels, outChannels: channels }
    check(sizes, (x, y, { xPixel, yPixel }) =>
      lowerUnaryRows('sigmoid', { address: x, row: xPixel }, { address: y, row: yPixel }, [pixels, channels]),
    )
    const values = floats(pixels * channels)
    check(sizes, (x, y, { xPixel, yPixel }, bench) =>
      lowerBinary(
        'mul',
        { address: x, shape: [pixels, channels], strides: [xPixel, 1] },
        { address: bench.floats(values), shape: [pixels, channels] },
        y,
        [pixels, channels],
        { yStrides: [yPixel, 1] },
      ),
    )
    const [scale, bias] = [floats(2 * channels), floats(2 * channels)]
    check(sizes, (x, y, { xPixel, yPixel }, bench) =>
      lowerAffine(
        x,
        y,
        bench.floats(scale),
        bench.floats(bias),
        { batch: 2, rows: pixels / 2, channels, xRow: xPixel, yRow: yPixel },
        { perSample: true },
      ),
    )
  })

  it.each([1, 4, 7, 18])('resizing of %i channels', (channels) => {
    const half = (size: number) => Array.from({ length: 2 * size }, (_, i) => [{ index: i >> 1, weight: 1 }])
    const points = (size: number) =>
      Array.from({ length: 2 * size }, (_, i) => [
        { index: i >> 1, weight: 0.25 },
        { index: Math.min(size - 1, (i >> 1) + 1), weight: 0.75 },
      ])
    for (const taps of [half, points])
      check({ inPixels: 30, inChannels: channels, outPixels: 120, outChannels: channels }, (x, y, pixels, bench) =>
        lowerResize(
          x,
          y,
          [2, 5, 3, channels],
          new Map([
            [1, taps(5)],
            [2, taps(3)],
          ]),
          bench,
          pixels,
        ),
      )
  })
})
