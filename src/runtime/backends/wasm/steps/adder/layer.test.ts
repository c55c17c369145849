import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../../../base/index.ts'
import { exactDots } from '../../engine/module.ts'
import { packAdderBytes, termsPerByte } from '../../packing/adder.ts'
import type { ConvLayer } from '../convolution/sizes.ts'
import { firstDifference, StepBench } from '../step-bench.node.ts'
import { lowerAdderConv, lowerAdderConvInteger, lowerQuantise } from './layer.ts'

const seed = 20240612
const random = seededRandom(seed)
const integer = (below: number): number => Math.floor(random.uniform() * below)
const between = (low: number, high: number): number => low + integer(high - low + 1)
const floats = (n: number, low = -1, high = 1): Float32Array =>
  Float32Array.from({ length: n }, () => low + (high - low) * random.uniform())
const codes = (n: number, bits: number): Uint8Array => Uint8Array.from({ length: n }, () => integer(2 ** bits))

/** Σ|x − w| straight from the definition, in doubles: exact for codes. Input NHWC, weights OIHW, result NHWC. */
function distances(layer: ConvLayer, x: ArrayLike<number>, w: ArrayLike<number>, padding = 0): Float64Array {
  const { batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, groups } = layer
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft } = layer
  const channels = inChannels / groups
  const y = new Float64Array(batch * outHeight * outWidth * outChannels)
  let at = 0
  for (let n = 0; n < batch; n++)
    for (let oy = 0; oy < outHeight; oy++)
      for (let ox = 0; ox < outWidth; ox++)
        for (let o = 0; o < outChannels; o++, at++) {
          const first = channels * Math.floor(o / (outChannels / groups))
          let sum = 0
          for (let c = 0; c < channels; c++)
            for (let ky = 0; ky < kernelHeight; ky++)
              for (let kx = 0; kx < kernelWidth; kx++) {
                const iy = oy * strideHeight - padTop + ky * dilationHeight
                const ix = ox * strideWidth - padLeft + kx * dilationWidth
                const inside = iy >= 0 && iy < inHeight && ix >= 0 && ix < inWidth
                const value = inside ? x[((n * inHeight + iy) * inWidth + ix) * inChannels + first + c]! : padding
                sum += Math.abs(value - w[((o * channels + c) * kernelHeight + ky) * kernelWidth + kx]!)
              }
          y[at] = sum
        }
  return y
}

type Sizes = Partial<ConvLayer> & { padBottom?: number; padRight?: number }

function complete({ padBottom, padRight, ...given }: Sizes): ConvLayer {
  const l = {
    ...{ batch: 1, inHeight: 5, inWidth: 6, inChannels: 8, outChannels: 8, kernelHeight: 3, kernelWidth: 3, groups: 1 },
    ...{ strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1, padTop: 1, padLeft: 1 },
    ...given,
  }
  const size = (input: number, kernel: number, stride: number, dilation: number, pads: number) =>
    Math.floor((input + pads - (kernel - 1) * dilation - 1) / stride) + 1
  return {
    ...l,
    outHeight: size(l.inHeight, l.kernelHeight, l.strideHeight, l.dilationHeight, l.padTop + (padBottom ?? l.padTop)),
    outWidth: size(l.inWidth, l.kernelWidth, l.strideWidth, l.dilationWidth, l.padLeft + (padRight ?? l.padLeft)),
  }
}

const inputSize = (l: ConvLayer): number => l.batch * l.inHeight * l.inWidth * l.inChannels
const outputSize = (l: ConvLayer): number => l.batch * l.outHeight * l.outWidth * l.outChannels
const weightSize = (l: ConvLayer): number => (l.outChannels * l.inChannels * l.kernelHeight * l.kernelWidth) / l.groups

/** Sizes around the tiles (4 pixels, 8 filters, 16 codes or 256 floats of the reduction), around blocks, and everything a window can do. */
const cases: Record<string, Sizes> = {
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40].map((c) => [`${c} input channels`, { inChannels: c }]),
  ),
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 7, 9, 12, 15, 16, 17, 40].map((c) => [`${c} output channels`, { outChannels: c }]),
  ),
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 23, 24, 25].map((w) => [
      `${w} pixels, 1 × 1`,
      { inHeight: 1, inWidth: w, kernelHeight: 1, kernelWidth: 1, padTop: 0, padLeft: 0 },
    ]),
  ),
  ...Object.fromEntries(
    [16, 32, 48, 64].map((c) => [
      `1 × 1, ${c} channels, rows as they are`,
      { inChannels: c, kernelHeight: 1, kernelWidth: 1, padTop: 0, padLeft: 0 },
    ]),
  ),
  '1 × 1, stride 2': {
    inHeight: 7,
    inWidth: 9,
    inChannels: 32,
    kernelHeight: 1,
    kernelWidth: 1,
    padTop: 0,
    padLeft: 0,
    strideHeight: 2,
    strideWidth: 2,
  },
  'stride 2': { inHeight: 9, inWidth: 8, strideHeight: 2, strideWidth: 2 },
  'strides 1 and 3': { inHeight: 9, inWidth: 11, strideWidth: 3 },
  'dilation 2': { inHeight: 9, inWidth: 8, dilationHeight: 2, dilationWidth: 2, padTop: 2, padLeft: 2 },
  'dilation 1 and 3': { inHeight: 7, inWidth: 11, dilationWidth: 3 },
  'padding wider than the input': { inHeight: 2, inWidth: 1, kernelHeight: 5, kernelWidth: 7, padTop: 4, padLeft: 6 },
  'padding at one side': { padTop: 0, padLeft: 2, padBottom: 1, padRight: 0 },
  'no padding': { padTop: 0, padLeft: 0 },
  '1-D': { inHeight: 1, inWidth: 30, kernelHeight: 1, kernelWidth: 5, padTop: 0, padLeft: 2 },
  'batch 3': { batch: 3 },
  'groups 2': { groups: 2 },
  'groups 3, odd sizes': { groups: 3, inChannels: 15, outChannels: 21, padLeft: 0 },
  'groups 4, a filter each': { groups: 4, inChannels: 12, outChannels: 4 },
  'two filters per channel': { groups: 8, inChannels: 8, outChannels: 16 },
  ...Object.fromEntries(
    [2, 3, 4, 5, 15, 16, 17, 33].map((c) => [
      `depthwise, ${c} channels`,
      { groups: c, inChannels: c, outChannels: c, strideWidth: 2 },
    ]),
  ),
  'depthwise, dilated': { groups: 20, inChannels: 20, outChannels: 20, dilationHeight: 2, padTop: 2, batch: 2 },
  'a long reduction': { inHeight: 4, inWidth: 4, inChannels: 300 },
  'a very long reduction': { inHeight: 2, inWidth: 2, inChannels: 530, outChannels: 3 },
  'a line in pieces': {
    inHeight: 1,
    inWidth: 200,
    inChannels: 16,
    kernelHeight: 1,
    kernelWidth: 5,
    padTop: 0,
    padLeft: 2,
  },
  'lines in pieces, stride 2': { inHeight: 4, inWidth: 101, inChannels: 600, strideHeight: 2, strideWidth: 2 },
  'small images, rows from one to the next': { batch: 5, inHeight: 3, inWidth: 4, inChannels: 20 },
  'lines of images': { batch: 2, inHeight: 9, inWidth: 7, inChannels: 33 },
  'few channels, a line of the window is a run': {
    inChannels: 6,
    inHeight: 9,
    inWidth: 10,
    kernelHeight: 5,
    kernelWidth: 5,
  },
  'many blocks': { inHeight: 24, inWidth: 23, inChannels: 70, outChannels: 9 },
}

/** Threads share pixels, or output channels where there are few pixels. */
const threadCases = Object.entries({
  ...{
    pixels: { inHeight: 20, inWidth: 21 },
    channels: { outChannels: 100 },
    groups: { groups: 4, inChannels: 8, outChannels: 100 },
  },
  ...{
    depthwise: { groups: 18, inChannels: 18, outChannels: 18 },
    rows: { inHeight: 17, inWidth: 15, inChannels: 32, kernelHeight: 1, kernelWidth: 1, padTop: 0, padLeft: 0 },
  },
} satisfies Record<string, Sizes>)

function checkInteger(
  sizes: Sizes,
  bits: number,
  given: { x?: Uint8Array; w?: Uint8Array; zeroPoint?: number; threads?: number; late?: boolean } = {},
): void {
  const layer = complete(sizes)
  const x = given.x ?? codes(inputSize(layer), bits)
  const w = given.w ?? codes(weightSize(layer), bits)
  const zeroPoint = given.zeroPoint ?? 0
  const want = distances(layer, x, w, zeroPoint)
  // By dot products, too, where the engine adds up bytes so without overflow.
  for (const dots of exactDots().sums ? [false, true] : [false])
    checkSums(layer, { x, w, zeroPoint, bits }, want, given, dots)
}

function checkSums(
  layer: ConvLayer,
  {
    x,
    w,
    zeroPoint,
    bits,
  }: { readonly x: Uint8Array; readonly w: Uint8Array; readonly zeroPoint: number; readonly bits: number },
  want: ReturnType<typeof distances>,
  given: { threads?: number; late?: boolean },
  dots: boolean,
): void {
  const b = new StepBench((1 << 23) + x.length + 4 * want.length + 4 * w.length)
  const y = b.floats(new Float32Array(want.length + 16).fill(123))
  const steps = lowerAdderConvInteger(
    layer,
    {
      ...{
        x: b.bytes(x),
        y,
        weights: w,
        codes: { scale: 1, zeroPoint, most: 2 ** bits - 1 },
      },
      ...{ lo: -Infinity, hi: Infinity, output: 'float32' },
    },
    b,
    dots,
  )
  b.run(steps, given.threads, given.late)
  // The test runner's own comparison of arrays takes longer than everything else.
  expect(
    firstDifference(
      b.read(y, want.length),
      want.map((v) => -v),
    ),
  ).toBe(-1)
  expect(firstDifference(b.read(y + 4 * want.length, 16), new Array(16).fill(123))).toBe(-1)
}

function floatError(sizes: Sizes, x?: Float32Array, w?: Float32Array, threads = 1, late = false): number {
  const layer = complete(sizes)
  const xs = x ?? floats(inputSize(layer))
  const ws = w ?? floats(weightSize(layer))
  const want = distances(layer, xs, ws)
  const b = new StepBench((1 << 23) + 4 * (xs.length + want.length + 4 * ws.length))
  const y = b.floats(new Float32Array(want.length + 16).fill(123))
  b.run(lowerAdderConv(layer, { x: b.floats(xs), y, weights: ws, lo: -Infinity, hi: Infinity }, b), threads, late)
  expect(Array.from(b.read(y + 4 * want.length, 16))).toEqual(new Array(16).fill(123))
  const largest = want.reduce((m, v) => Math.max(m, v), 0)
  return b.read(y, want.length).reduce((m, v, i) => Math.max(m, Math.abs(v + want[i]!)), 0) / largest
}

describe(`adder convolution of codes: equal to the integer sums (seed ${seed})`, () => {
  for (const bits of [8, 7, 6, 5])
    it.each(Object.entries(cases))(`${bits} bits: %s`, (_, sizes) => {
      checkInteger(sizes, bits, { zeroPoint: integer(2 ** bits) })
    })

  it.each([8, 7, 6, 5])('%i bits: nothing overflows at the extremes', (bits) => {
    const most = 2 ** bits - 1
    const sizes = {
      inHeight: 3,
      inWidth: 3,
      inChannels: 2100,
      outChannels: 9,
      kernelHeight: 2,
      kernelWidth: 2,
      padTop: 0,
      padLeft: 0,
    }
    const layer = complete(sizes)
    const all = (n: number, code: number) => new Uint8Array(n).fill(code)
    for (const [x, w] of [
      [0, most],
      [most, 0],
      [most, most],
      [0, 0],
    ] as const)
      checkInteger(sizes, bits, { x: all(inputSize(layer), x), w: all(weightSize(layer), w) })
  })

  /** Of the forms that codes take under a block (adder-cut.ts); images large enough to be cut into lines. */
  const forms: Record<string, Sizes> = {
    ...Object.fromEntries(
      [1, 2, 3, 4, 5, 6, 7, 8].flatMap((inChannels) =>
        [1, 2, 3, 5, 7].map((kernel) => [
          `compact, ${inChannels} channels, ${kernel} × ${kernel}`,
          {
            ...{ inChannels, inHeight: 11, inWidth: 12, kernelHeight: kernel, kernelWidth: kernel },
            ...{ outChannels: between(1, 20), padTop: between(0, kernel - 1), padLeft: between(0, kernel - 1) },
            ...{
              strideHeight: between(1, 2),
              strideWidth: inChannels % 2 === 0 ? 1 : 2,
              dilationHeight: between(1, 2),
            },
          },
        ]),
      ),
    ),
    'compact, runs of 8, 12 and 16 taps, groups': {
      ...{ groups: 3, inChannels: 9, outChannels: 30, inHeight: 9, inWidth: 10, batch: 2 },
    },
    'compact, several runs to a line': { inChannels: 20, inHeight: 8, inWidth: 9, kernelWidth: 5, padLeft: 2 },
    'compact, many channels of which a tenth would be lost': { inChannels: 37, inHeight: 7, inWidth: 9, groups: 1 },
    'compact, lines in pieces': { inChannels: 3, inHeight: 3, inWidth: 500, outChannels: 9, strideWidth: 1 },
    'compact, a 1 × 1 window with padding': { inChannels: 12, inHeight: 8, kernelHeight: 1, kernelWidth: 1 },
    'rows, few channels and dilated': { inChannels: 3, inHeight: 12, inWidth: 13, dilationWidth: 2 },
    'planes, the last not full': { inChannels: 31, inHeight: 8, inWidth: 9, groups: 1 },
    'planes of groups': { inChannels: 64, inHeight: 8, inWidth: 9, groups: 2, strideWidth: 2 },
    ...Object.fromEntries(
      [16, 32, 48, 64, 80].flatMap((inChannels) =>
        [1, 2, 3].map((stride) => [
          `in place up to 64 channels: ${inChannels}, stride ${stride}`,
          {
            ...{ batch: 2, inChannels, inHeight: 13, inWidth: 11, outChannels: 9, kernelHeight: 1, kernelWidth: 1 },
            ...{ padTop: 0, padLeft: 0, strideHeight: stride, strideWidth: stride },
          },
        ]),
      ),
    ),
    ...Object.fromEntries(
      [
        { inChannels: 16, inHeight: 21, inWidth: 24 },
        { inChannels: 48, inHeight: 20, inWidth: 23, strideHeight: 2, strideWidth: 2 },
        { inChannels: 32, inHeight: 12, inWidth: 13, groups: 2, batch: 3 },
        { inChannels: 16, inHeight: 15, inWidth: 14, dilationHeight: 3, padTop: 3, padLeft: 0, padRight: 4 },
        { inChannels: 32, inHeight: 4, inWidth: 300, kernelWidth: 5, padLeft: 4, strideWidth: 2 },
        { inChannels: 16, inHeight: 5, inWidth: 6, kernelHeight: 7, kernelWidth: 7, padTop: 6, padLeft: 6 },
        { inChannels: 16, inHeight: 40, inWidth: 3, strideHeight: 3, kernelWidth: 2 },
      ].map((sizes, i) => [`lines of the input, ${i + 1}`, { ...sizes, outChannels: 2 * between(5, 15) }]),
    ),
    'in place, groups': {
      ...{ groups: 2, inChannels: 32, inHeight: 9, inWidth: 8, kernelHeight: 1, kernelWidth: 1, padTop: 0, padLeft: 0 },
    },
    'in place, small images one behind the other': {
      ...{ batch: 7, inChannels: 32, inHeight: 2, inWidth: 3, kernelHeight: 1, kernelWidth: 1, padTop: 0, padLeft: 0 },
    },
    'in place, but padded at the end': {
      ...{ inChannels: 16, inHeight: 8, inWidth: 8, kernelHeight: 1, kernelWidth: 1, padTop: 0, padLeft: 0 },
      ...{ padBottom: 1, padRight: 2 },
    },
  }
  it.each(Object.entries(forms))('of the form %s', (_, sizes) => {
    for (const bits of [8, 7, 6, 5]) checkInteger(sizes, bits, { zeroPoint: integer(2 ** bits) })
    const layer = complete(sizes)
    // Where every term is as large as can be, and where the sum is Σx.
    for (const [x, w] of [
      [0, 255],
      [255, 0],
      [0, 63],
    ] as const)
      checkInteger(sizes, 8, {
        x: new Uint8Array(inputSize(layer)).fill(x),
        w: new Uint8Array(weightSize(layer)).fill(w),
      })
    checkInteger(sizes, 6, { threads: 3 })
  })

  it('at the extremes, depthwise with 257 taps and more', () => {
    for (const kernelWidth of [257, 258]) {
      const sizes = {
        groups: 3,
        inChannels: 3,
        outChannels: 3,
        inHeight: 1,
        inWidth: 260,
        kernelHeight: 1,
        kernelWidth,
        padTop: 0,
        padLeft: 0,
      }
      const layer = complete(sizes)
      checkInteger(sizes, 8, { x: new Uint8Array(inputSize(layer)), w: new Uint8Array(weightSize(layer)).fill(255) })
    }
  })

  it('random sizes', () => {
    for (let i = 0; i < 60; i++) {
      const groups = [1, 1, 1, 2, 3][integer(5)]!
      const [kernelHeight, kernelWidth] = [between(1, 4), between(1, 4)]
      const sizes: Sizes = {
        ...{ groups, inChannels: groups * between(1, 40), outChannels: groups * between(1, 20), batch: between(1, 2) },
        ...{ inHeight: between(8, 12), inWidth: between(8, 12), kernelHeight, kernelWidth },
        ...{
          strideHeight: between(1, 3),
          strideWidth: between(1, 3),
          dilationHeight: between(1, 2),
          dilationWidth: between(1, 2),
        },
        ...{ padTop: between(0, 3), padLeft: between(0, 3), padBottom: between(0, 3), padRight: between(0, 3) },
      }
      const bits = between(5, 8)
      checkInteger(sizes, bits, { zeroPoint: integer(2 ** bits) })
    }
  })

  it.each([2, 3, 16, 20])('%i threads', (threads) => {
    for (const [name, sizes] of threadCases) {
      for (const late of [false, true]) {
        checkInteger(sizes, 6, { threads, late })
        expect(floatError(sizes, undefined, undefined, threads, late), name).toBeLessThan(1e-5)
      }
    }
  })

  it('packs lines of the window as runs that begin anew', () => {
    // Two filters of 2 channels and 2 × 3 taps: a line has 6 taps and fills 8.
    const sizes = { groups: 1, outChannels: 2, channels: 2, taps: 6 }
    const weights = Uint8Array.from({ length: 24 }, (_, i) => i + 1)
    const packed = packAdderBytes(weights, sizes, { tapChannels: 2, run: 8, runs: 2, partRuns: 2, lineTaps: 6 })
    const tapsOf = (filter: number) =>
      Array.from({ length: 16 }, (_, k) => packed[(k >> 2) * 32 + 4 * filter + (k & 3)])
    expect(tapsOf(0)).toEqual([1, 7, 2, 8, 3, 9, 0, 0, 4, 10, 5, 11, 6, 12, 0, 0])
    expect(tapsOf(1)).toEqual([13, 19, 14, 20, 15, 21, 0, 0, 16, 22, 17, 23, 18, 24, 0, 0])
    expect(packed.reduce((sum, w) => sum + w, 0)).toBe((24 * 25) / 2)
  })

  it('small codes are added up in bytes as often as they allow', () => {
    const sizes = { groups: 1, outChannels: 2, channels: 32, taps: 1 }
    const reduction = { tapChannels: 32, run: 16, runs: 2, partRuns: 2 }
    const terms = (w: Uint8Array) => termsPerByte(packAdderBytes(w, sizes, reduction), 16)
    const weights = new Uint8Array(64)
    expect(terms(weights)).toBe(4)
    weights.fill(63)
    expect(terms(weights)).toBe(4)
    weights.fill(127)
    expect(terms(weights)).toBe(2)
    weights[36] = 129
    expect(terms(weights)).toBe(1)
    // Codes of 8 bits, few of them large: four taps, 4 apart, are added up.
    weights.fill(10)
    weights[36] = 225
    expect(terms(weights)).toBe(4)
    weights[36] = 226
    expect(terms(weights)).toBe(2)
    // Runs of 12 taps: what is 12 apart is never added up.
    const runs = new Uint8Array(2 * 12 * 8)
    runs[0] = 200
    runs[3 * 32] = 200
    expect(termsPerByte(runs, 12)).toBe(4)
    runs[2 * 32] = 56
    expect(termsPerByte(runs, 12)).toBe(2)
    runs[32] = 56
    expect(termsPerByte(runs, 12)).toBe(1)
    for (const large of [225, 226, 245, 246, 254, 255]) {
      const w = new Uint8Array(8 * 72).fill(10)
      w[5 * 72 + 40] = large
      checkInteger({}, 8, { w })
    }
  })
})

describe('what follows the sums of codes', () => {
  const layer = complete({ inChannels: 5, outChannels: 11, inHeight: 6, inWidth: 5 })
  const x = codes(inputSize(layer), 6)
  const w = codes(weightSize(layer), 6)
  const bias = floats(layer.outChannels, -2, 0)
  const affine = { scale: floats(layer.outChannels, -0.1, 0.1), shift: floats(layer.outChannels, -3, 3) }
  const scale = Math.fround(0.05)
  const sums = distances(layer, x, w, 7)
  const exact = Array.from(sums, (sum, i) => {
    const o = i % layer.outChannels
    return (bias[o]! - scale * sum) * affine.scale[o]! + affine.shift[o]!
  })
  const tensors = { weights: w, bias, codes: { scale, zeroPoint: 7, most: 63 }, affine }

  it('scale, bias, a BatchNormalization, a residual and clamping', () => {
    const b = new StepBench(1 << 23)
    const added = floats(sums.length)
    const y = b.floats(added)
    b.run(
      lowerAdderConvInteger(
        layer,
        { ...tensors, x: b.bytes(x), y, residual: y, lo: -2, hi: 2.5, output: 'float32' },
        b,
      ),
    )
    const got = b.read(y, sums.length)
    exact.forEach((v, i) => {
      expect(got[i]).toBeCloseTo(Math.min(2.5, Math.max(-2, v + added[i]!)), 4)
    })
    expect(new Set(got)).toContain(-2)
  })

  it.each([
    ['a depthwise layer', { groups: 11, inChannels: 11, outChannels: 11, inHeight: 6, inWidth: 5 }],
    ['any other', { inChannels: 5, outChannels: 11, inHeight: 6, inWidth: 5 }],
    ['whole panels', { inChannels: 5, outChannels: 16, inHeight: 6, inWidth: 5 }],
  ])('codes of the next layer, of %s', (_, sizes) => {
    const l = complete(sizes)
    const xs = codes(inputSize(l), 6)
    const ws = codes(weightSize(l), 6)
    const own = { scale: floats(l.outChannels, -0.02, 0.02), shift: floats(l.outChannels, -3, 3) }
    const b = new StepBench(1 << 23)
    const y = b.bytes(new Uint8Array(outputSize(l) + 16).fill(77))
    const output = { scale: Math.fround(0.13), zeroPoint: 4, most: 30 }
    const filters = floats(l.outChannels, -2, 0)
    b.run(
      lowerAdderConvInteger(
        l,
        {
          ...tensors,
          weights: ws,
          affine: own,
          bias: filters,
          x: b.bytes(xs),
          y,
          lo: -0.3,
          hi: Infinity,
          output,
        },
        b,
        exactDots().sums,
      ),
    )
    const got = new Uint8Array(b.memory.buffer, y, outputSize(l) + 16)
    distances(l, xs, ws, 7).forEach((sum, i) => {
      const o = i % l.outChannels
      const v = (filters[o]! - scale * sum) * own.scale[o]! + own.shift[o]!
      const code = Math.min(30, Math.max(0, Math.max(v, -0.3) / output.scale + 4))
      // Half a step, and what float32 may err by.
      expect(Math.abs(got[i]! - code)).toBeLessThanOrEqual(0.5001)
    })
    expect(Array.from(got.subarray(outputSize(l)))).toEqual(new Array(16).fill(77))
  })

  it('refuses a residual for codes, and windows whose sums floats cannot count', () => {
    const b = new StepBench(1 << 23)
    const output = { scale: 1, zeroPoint: 0, most: 31 }
    const limits = { lo: -Infinity, hi: Infinity }
    expect(() => lowerAdderConvInteger(layer, { ...tensors, ...limits, x: 0, y: 0, residual: 64, output }, b)).toThrow(
      'residual',
    )
    const huge = { ...layer, inChannels: 2 ** 18 }
    expect(() => lowerAdderConvInteger(huge, { ...tensors, ...limits, x: 0, y: 0, output: 'float32' }, b)).toThrow(
      '2359296 values',
    )
  })
})

describe(`adder convolution of floats (seed ${seed})`, () => {
  it.each(Object.entries(cases))('%s', (_, sizes) => {
    expect(floatError(sizes)).toBeLessThan(1e-5)
  })

  it('long reductions of inputs after a ReLU and wide weights', () => {
    const sizes = { inHeight: 4, inWidth: 4, inChannels: 512, outChannels: 16 }
    const layer = complete(sizes)
    const x = floats(inputSize(layer), -2, 2).map((v) => Math.max(0, v))
    expect(floatError(sizes, x, floats(weightSize(layer), -7, 6))).toBeLessThan(1e-5)
  })

  it('weights of one sign, inputs of both, zeros of both', () => {
    const layer = complete({})
    const x = floats(inputSize(layer), -3, 3)
    x[3] = -0
    x[4] = 0
    for (const [low, high] of [
      [0.5, 2],
      [-2, -0.5],
      [0, 0],
      [-1e-30, 1e-30],
    ] as const)
      expect(floatError({}, x, floats(weightSize(layer), low, high))).toBeLessThan(1e-5)
  })

  it('bias, a BatchNormalization, a residual in place and clamping', () => {
    for (const sizes of [
      { inChannels: 3, outChannels: 9 },
      { groups: 6, inChannels: 6, outChannels: 6 },
    ]) {
      const layer = complete(sizes)
      const [x, w] = [floats(inputSize(layer)), floats(weightSize(layer))]
      const bias = floats(layer.outChannels, 0, 5)
      const affine = { scale: floats(layer.outChannels), shift: floats(layer.outChannels) }
      const want = distances(layer, x, w)
      const added = floats(want.length)
      const b = new StepBench(1 << 23)
      const y = b.floats(added)
      b.run(lowerAdderConv(layer, { x: b.floats(x), y, weights: w, bias, affine, residual: y, lo: -1, hi: 4 }, b))
      const got = b.read(y, want.length)
      want.forEach((v, i) => {
        const o = i % layer.outChannels
        const raw = bias[o]! - v
        expect(got[i]).toBeCloseTo(Math.min(4, Math.max(-1, raw * affine.scale[o]! + affine.shift[o]! + added[i]!)), 4)
      })
    }
  })
})

describe('codes', () => {
  it.each([1, 15, 16, 17, 100])('of %i floats', (count) => {
    const b = new StepBench(1 << 23)
    const x = floats(count, -4, 9)
    x[0] = 2.5 * 0.25
    const y = b.bytes(new Uint8Array(count + 16).fill(9))
    const own = { scale: 0.25, zeroPoint: 3, most: 29 }
    b.run(lowerQuantise({ x: b.floats(x), y, count, codes: own }))
    const even = (v: number) => (Math.abs(v % 1) === 0.5 ? 2 * Math.round(v / 2) : Math.round(v))
    const got = new Uint8Array(b.memory.buffer, y, count + 16)
    expect(Array.from(got.subarray(0, count))).toEqual(
      Array.from(x, (v) => Math.min(29, Math.max(0, even(v / 0.25) + 3))),
    )
    expect(got[0]).toBe(5)
    expect(Array.from(got.subarray(count))).toEqual(new Array(16).fill(9))
  })

  it('divide by the scale, as QuantizeLinear does: where a product with 1/scale would fall on the other side of a half', () => {
    const halves = Array.from({ length: 400 }, (_, i) => {
      const scale = Math.fround(0.01 + i / 401)
      return { scale, x: Math.fround(scale * ((i % 60) + 0.5)) }
    })
    const differs = halves.filter(({ scale, x }) => {
      const divided = Math.fround(x / scale)
      return divided % 1 === 0.5 && Math.fround(x * Math.fround(1 / scale)) !== divided
    })
    expect(differs.length).toBeGreaterThan(10)
    for (const { scale, x } of differs) {
      const b = new StepBench(1 << 23)
      const y = b.bytes(new Uint8Array(17))
      const xs = b.floats(new Float32Array(17).fill(x))
      b.run(lowerQuantise({ x: xs, y, count: 17, codes: { scale, zeroPoint: 0, most: 255 } }))
      const want = 2 * Math.round(Math.fround(x / scale) / 2)
      expect(Array.from(new Uint8Array(b.memory.buffer, y, 17))).toEqual(new Array(17).fill(want))
    }
  })
})
