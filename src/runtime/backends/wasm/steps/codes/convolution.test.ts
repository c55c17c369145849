import { describe, expect, it } from 'vitest'
import { type Random, seededRandom } from '../../../../../base/index.ts'
import { exactDots } from '../../engine/module.ts'
import type { ConvLayer } from '../convolution/sizes.ts'
import { firstDifference, StepBench } from '../step-bench.node.ts'
import type { PlacedRun } from '../strides.ts'
import { lowerConvCodes, type Products, sumsFit } from './convolution.ts'
import type { CodeTensors } from './tensors.ts'
import { takesWinogradCodes } from './winograd.ts'

interface Shape extends Partial<ConvLayer> {
  readonly size: number
  readonly inChannels: number
  readonly outChannels: number
  readonly kernel: number
  readonly pad?: number
  readonly stride?: number
}

function layerOf({ size, kernel, pad = 0, stride = 1, ...rest }: Shape): ConvLayer {
  const { dilationHeight = 1, dilationWidth = 1 } = rest
  const out = (dilation: number) => Math.floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1
  return {
    ...{ batch: 1, inHeight: size, inWidth: size, outHeight: out(dilationHeight), outWidth: out(dilationWidth) },
    ...{ kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride },
    ...{ dilationHeight, dilationWidth, padTop: pad, padLeft: pad, groups: 1 },
    ...rest,
  }
}

const shapes: readonly Shape[] = [
  { size: 6, inChannels: 16, outChannels: 8, kernel: 3, pad: 1 },
  { size: 7, inChannels: 5, outChannels: 11, kernel: 3, pad: 1, stride: 2 },
  { size: 9, inChannels: 3, outChannels: 9, kernel: 7, pad: 3, stride: 2 },
  { size: 5, inChannels: 3, outChannels: 4, kernel: 3 },
  { size: 4, inChannels: 33, outChannels: 17, kernel: 1, batch: 2 },
  { size: 8, inChannels: 12, outChannels: 12, kernel: 3, pad: 1, groups: 2 },
  { size: 8, inChannels: 6, outChannels: 4, kernel: 3, pad: 2, dilationHeight: 2, dilationWidth: 2, groups: 2 },
  { size: 9, inChannels: 2, outChannels: 3, kernel: 2, dilationHeight: 3, dilationWidth: 2 },
  { size: 1, inChannels: 70, outChannels: 80, kernel: 1 },
  { size: 13, inChannels: 24, outChannels: 66, kernel: 1, batch: 3 },
  { size: 7, inChannels: 8, outChannels: 8, kernel: 3, pad: 1, groups: 8 },
  { size: 9, inChannels: 21, outChannels: 21, kernel: 3, pad: 1, stride: 2, groups: 21, batch: 2 },
  { size: 11, inChannels: 3, outChannels: 3, kernel: 2, dilationHeight: 2, dilationWidth: 3, groups: 3 },
]

const bytesOf = (random: Random, count: number, lo: number, hi: number) =>
  Int16Array.from({ length: count }, () => lo + random.below(hi - lo + 1))

interface Ranges {
  readonly x: readonly [number, number]
  readonly w: readonly [number, number]
  readonly wide?: boolean
}

/** In order, as the specification of QLinearConv has it. */
function expected(layer: ConvLayer, t: Omit<CodeTensors, 'x' | 'y'>, x: Int16Array): Uint8Array {
  const { groups, inChannels, outChannels, kernelHeight, kernelWidth } = layer
  const channels = inChannels / groups
  const y = new Uint8Array(layer.batch * layer.outHeight * layer.outWidth * outChannels)
  let at = 0
  for (let n = 0; n < layer.batch; n++)
    for (let oy = 0; oy < layer.outHeight; oy++)
      for (let ox = 0; ox < layer.outWidth; ox++)
        for (let o = 0; o < outChannels; o++) {
          const group = Math.floor(o / (outChannels / groups))
          let sum = t.bias![o]!
          for (let c = 0; c < channels; c++)
            for (let ky = 0; ky < kernelHeight; ky++)
              for (let kx = 0; kx < kernelWidth; kx++) {
                const iy = oy * layer.strideHeight - layer.padTop + ky * layer.dilationHeight
                const ix = ox * layer.strideWidth - layer.padLeft + kx * layer.dilationWidth
                if (iy < 0 || ix < 0 || iy >= layer.inHeight || ix >= layer.inWidth) continue
                const place = ((n * layer.inHeight + iy) * layer.inWidth + ix) * inChannels + group * channels + c
                const w = t.weights[((o * channels + c) * kernelHeight + ky) * kernelWidth + kx]!
                sum += (x[place]! - t.xZero) * w
              }
          const scaled = Math.fround(Math.fround(sum) * t.factors[o]!)
          const floor = Math.floor(scaled)
          const up = scaled - floor > 0.5 || (scaled - floor === 0.5 && floor % 2 !== 0)
          y[at++] = Math.min(t.hi, Math.max(t.lo, floor + (up ? 1 : 0) + t.yZero))
        }
  return y
}

/** Where bytes lie that are not side by side. */
interface Lying {
  /** Bytes in front of a pixel's channels, and behind them. */
  readonly before: number
  readonly behind: number
}

/** The same pixels with other bytes between them. */
function spread(pixels: ArrayLike<number>, channels: number, { before, behind }: Lying): Int16Array {
  const pixel = before + channels + behind
  const all = new Int16Array((pixels.length / channels) * pixel).fill(99)
  for (let i = 0; i < pixels.length; i++) all[Math.floor(i / channels) * pixel + before + (i % channels)] = pixels[i]!
  return all
}

function check(shape: Shape, products: Products, ranges: Ranges, threads: number, lying?: Lying | 'runs'): void {
  const random = seededRandom(7)
  const layer = layerOf(shape)
  const length = (layer.inChannels / layer.groups) * layer.kernelHeight * layer.kernelWidth
  const x = bytesOf(random, layer.batch * layer.inHeight * layer.inWidth * layer.inChannels, ...ranges.x)
  const codes = bytesOf(random, layer.outChannels * length, ...ranges.w)
  const size = Math.sqrt(length) * ranges.x[1] * ranges.w[1]
  const tensors = {
    ...{ xZero: Math.floor((ranges.x[0] + ranges.x[1]) / 2), yZero: 117, lo: 3, hi: 250 },
    weights: ranges.wide ? codes : Int8Array.from(codes),
    bias: Int32Array.from({ length: layer.outChannels }, () => Math.round(size * (random.uniform() - 0.5))),
    factors: Float32Array.from({ length: layer.outChannels }, () => (100 * (1 + random.uniform())) / size),
  }
  const bench = new StepBench()
  const wanted = expected(layer, tensors, x)
  const { inChannels, outChannels } = layer
  const around = typeof lying === 'object' ? lying : { before: 0, behind: 0 }
  const all = spread(wanted, outChannels, around)
  const y = bench.alloc(all.length)
  new Uint8Array(bench.memory.buffer, y, all.length).fill(99)
  const pixel = (channels: number) => around.before + channels + around.behind
  const from = bench.bytes(spread(x, inChannels, around)) + around.before
  const places: Pick<CodeTensors, 'x' | 'y' | 'xPixel' | 'yPixel' | 'xRuns'> =
    lying === 'runs'
      ? { x: 0, y, xRuns: inRuns(bench, x, inChannels) }
      : { x: from, y: y + around.before, xPixel: pixel(inChannels), yPixel: pixel(outChannels) }
  bench.run(lowerConvCodes(layer, { ...tensors, ...places }, bench, products), threads)
  expect(new Set(wanted).size).toBeGreaterThan(Math.min(30, wanted.length / 3))
  expect(firstDifference(new Uint8Array(bench.memory.buffer, y, all.length), all)).toBe(-1)
}

/** Channels in three places: the first ones, and those behind them in turns. */
function inRuns(bench: StepBench, x: Int16Array, channels: number): PlacedRun[] {
  const first = Math.floor(channels / 3)
  const even = Math.ceil((channels - first) / 2)
  const runs = [
    { at: 0, step: 1, count: first },
    { at: first, step: 2, count: even },
    { at: first + 1, step: 2, count: channels - first - even },
  ]
  return runs.map(({ at, step, count }) => {
    const pixels = x.length / channels
    const own = new Int16Array(pixels * (count + 3)).fill(55)
    for (let p = 0; p < pixels; p++)
      for (let c = 0; c < count; c++) own[p * (count + 3) + 1 + c] = x[p * channels + at + c * step]!
    return { address: bench.bytes(own) + 1, pixel: count + 3, count, at, step }
  })
}

describe('convolutions of codes', () => {
  const whole: Ranges = { x: [0, 255], w: [-128, 127] }
  it.each(shapes)('are exact by words: $inChannels → $outChannels, $kernel×$kernel', (shape) => {
    for (const threads of [1, 3]) check(shape, 'words', whole, threads)
    check(shape, 'words', { x: [0, 255], w: [-255, 255], wide: true }, 1)
  })

  const products = new StepBench().native ? 255 : exactDots().products
  if (products === 0) it.skip('are exact by dot products of few bits (skipped: the engine has none)', () => {})
  else
    it.each(shapes)('are exact by dot products of few bits: $inChannels → $outChannels, $kernel×$kernel', (shape) => {
      for (const threads of [1, 2]) check(shape, 'bytes', { x: [0, 127], w: [-64, 63] }, threads)
    })

  if (products < 255) it.skip('are exact by dot products of bytes (skipped: the engine has no exact ones)', () => {})
  else
    it.each(shapes)('are exact by dot products of bytes: $inChannels → $outChannels, $kernel×$kernel', (shape) =>
      check(shape, 'bytes', whole, 1),
    )

  it.each([
    { size: 8, inChannels: 16, outChannels: 8, kernel: 3, pad: 1 },
    { size: 9, inChannels: 24, outChannels: 19, kernel: 3, pad: 1, batch: 2 },
    { size: 17, inChannels: 16, outChannels: 21, kernel: 3 },
    { size: 10, inChannels: 40, outChannels: 12, kernel: 3, pad: 2 },
  ])("are exact by Winograd's products: $inChannels → $outChannels, $size²", (shape) => {
    expect(takesWinogradCodes(layerOf(shape), new Int8Array(0))).toBe(true)
    for (const threads of [1, 3]) check(shape, 'winograd', whole, threads)
    check(shape, 'winograd', { x: [0, 255], w: [-255, 255], wide: true }, 1)
  })

  const ways: readonly Products[] = products === 255 ? ['words', 'bytes'] : ['words']
  it.each(shapes)('are exact among other channels: $inChannels → $outChannels, $kernel×$kernel', (shape) => {
    for (const way of ways) check(shape, way, whole, 2, { before: 3, behind: 2 })
    if (takesWinogradCodes(layerOf(shape), new Int8Array(0)))
      check(shape, 'winograd', whole, 2, { before: 3, behind: 2 })
  })

  it.each([
    { size: 4, inChannels: 33, outChannels: 17, kernel: 1, batch: 2 },
    { size: 13, inChannels: 24, outChannels: 66, kernel: 1, stride: 2 },
    { size: 1, inChannels: 70, outChannels: 80, kernel: 1 },
    { size: 6, inChannels: 36, outChannels: 18, kernel: 1, groups: 3 },
  ])('are exact of channels in several places: $inChannels → $outChannels', (shape) => {
    for (const way of ways) for (const threads of [1, 3]) check(shape, way, whole, threads, 'runs')
  })

  it("take Winograd's products only where sums fit into 32 bits", () => {
    const wide = (inChannels: number) => layerOf({ size: 8, inChannels, outChannels: 8, kernel: 3, pad: 1 })
    const takes = (inChannels: number, weights: Int8Array | Int16Array) => takesWinogradCodes(wide(inChannels), weights)
    expect([1824, 1832].map((channels) => takes(channels, new Int8Array(0)))).toEqual([true, false])
    expect([912, 920].map((channels) => takes(channels, new Int16Array(0)))).toEqual([true, false])
  })

  it('know which sums are too large', () => {
    const dense = (inChannels: number) => layerOf({ size: 1, inChannels, outChannels: 1, kernel: 1 })
    expect([33_025, 33_026].map((channels) => sumsFit(dense(channels)))).toEqual([true, false])
  })
})
