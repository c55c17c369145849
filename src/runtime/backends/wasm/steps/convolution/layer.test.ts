import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../../../base/index.ts'
import type { KernelName } from '../../engine/kernels.generated.ts'
import { StepBench } from '../step-bench.node.ts'
import { lowerConv, lowerConvTranspose, lowerDense } from './layer.ts'
import type { ConvLayer } from './sizes.ts'
import { takesWinograd } from './winograd.ts'

const seed = 20240611

/** Sums in float64, straight from the definition; everything NHWC but the weights. */
function reference(
  layer: ConvLayer,
  x: Float32Array,
  w: Float32Array,
  transposed: boolean,
  bias?: Float32Array,
): Float64Array {
  const { batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, groups } = layer
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft } = layer
  const inGroup = inChannels / groups
  const outGroup = outChannels / groups
  const y = new Float64Array(batch * outHeight * outWidth * outChannels)
  for (let i = 0; i < y.length; i++) y[i] = bias?.[i % outChannels] ?? 0
  // Every pair of positions that a tap ties together; `small` is on the strided side's other end.
  const [smallHeight, smallWidth] = transposed ? [inHeight, inWidth] : [outHeight, outWidth]
  const [largeHeight, largeWidth] = transposed ? [outHeight, outWidth] : [inHeight, inWidth]
  for (let n = 0; n < batch; n++)
    for (let sy = 0; sy < smallHeight; sy++)
      for (let sx = 0; sx < smallWidth; sx++)
        for (let ky = 0; ky < kernelHeight; ky++)
          for (let kx = 0; kx < kernelWidth; kx++) {
            const ly = sy * strideHeight - padTop + ky * dilationHeight
            const lx = sx * strideWidth - padLeft + kx * dilationWidth
            if (ly < 0 || ly >= largeHeight || lx < 0 || lx >= largeWidth) continue
            const small = (n * smallHeight + sy) * smallWidth + sx
            const large = (n * largeHeight + ly) * largeWidth + lx
            const [from, to] = transposed ? [small, large] : [large, small]
            for (let o = 0; o < outChannels; o++) {
              const g = Math.floor(o / outGroup)
              for (let c = 0; c < inGroup; c++) {
                const tap = ky * kernelWidth + kx
                const at = transposed
                  ? ((g * inGroup + c) * outGroup + (o % outGroup)) * kernelHeight * kernelWidth + tap
                  : (o * inGroup + c) * kernelHeight * kernelWidth + tap
                y[to * outChannels + o]! += x[from * inChannels + g * inGroup + c]! * w[at]!
              }
            }
          }
  return y
}

type Partial = Omit<ConvLayer, 'outHeight' | 'outWidth'> & {
  padBottom?: number
  padRight?: number
  outputPadding?: number
}

function complete({ padBottom, padRight, outputPadding = 0, ...layer }: Partial, transposed: boolean): ConvLayer {
  const size = (input: number, kernel: number, stride: number, dilation: number, begin: number, end: number) =>
    transposed
      ? (input - 1) * stride + (kernel - 1) * dilation + 1 + outputPadding - begin - end
      : Math.floor((input + begin + end - (kernel - 1) * dilation - 1) / stride) + 1
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft } = layer
  return {
    ...layer,
    outHeight: size(layer.inHeight, kernelHeight, strideHeight, dilationHeight, padTop, padBottom ?? padTop),
    outWidth: size(layer.inWidth, kernelWidth, strideWidth, dilationWidth, padLeft, padRight ?? padLeft),
  }
}

const base: Partial = {
  batch: 1,
  inHeight: 7,
  inWidth: 6,
  inChannels: 8,
  outChannels: 8,
  kernelHeight: 3,
  kernelWidth: 3,
  strideHeight: 1,
  strideWidth: 1,
  dilationHeight: 1,
  dilationWidth: 1,
  padTop: 1,
  padLeft: 1,
  groups: 1,
}

const random = seededRandom(seed)
const floats = (n: number): Float32Array => Float32Array.from({ length: n }, () => 2 * random.uniform() - 1)

const relative = (got: Float32Array, want: Float64Array): number => {
  const scale = Math.max(...want.map(Math.abs), 1e-6)
  return Math.max(0, ...want.map((v, i) => Math.abs(v - got[i]!) / scale)) || (got.some(Number.isNaN) ? Number.NaN : 0)
}

function check(
  partial: Partial,
  transposed = false,
  extras: { bias?: boolean; residual?: 'own' | 'inPlace'; clamp?: boolean; kernel?: KernelName } = { bias: true },
) {
  const layer = complete(partial, transposed)
  const x = floats(layer.batch * layer.inHeight * layer.inWidth * layer.inChannels)
  const w = floats((layer.inChannels * layer.outChannels * layer.kernelHeight * layer.kernelWidth) / layer.groups)
  const bias = extras.bias ? floats(layer.outChannels) : undefined
  const want = reference(layer, x, w, transposed, bias)
  const bench = new StepBench((1 << 24) + 4 * (x.length + 2 * want.length + 8 * w.length))
  const guard = 16
  const y = bench.floats(new Float32Array(want.length + guard).fill(123))
  const added = floats(want.length)
  let residual: number | undefined
  if (extras.residual === 'own') residual = bench.floats(added)
  if (extras.residual === 'inPlace') {
    residual = y
    new Float32Array(bench.memory.buffer, y, want.length).set(added)
  }
  const [lo, hi] = extras.clamp ? [-0.25, 0.5] : [-Infinity, Infinity]
  const steps = (transposed ? lowerConvTranspose : lowerConv)(
    layer,
    { x: bench.floats(x), y, weights: w, bias, residual, lo, hi },
    bench,
  )
  if (extras.kernel) expect(steps.map((s) => s.kernel)).toContain(extras.kernel)
  bench.run(steps)
  const expected = want.map((v, i) => Math.min(hi, Math.max(lo, v + (extras.residual ? added[i]! : 0))))
  expect(relative(bench.read(y, want.length), expected), `${JSON.stringify(layer)} seed ${seed}`).toBeLessThan(5e-6)
  expect([...bench.read(y + 4 * want.length, guard)]).toEqual(Array(guard).fill(123))
}

describe('lowerConv agrees with the definition', () => {
  // The tile is 4 pixels × 8 channels.
  for (const outChannels of [1, 3, 4, 5, 7, 8, 9, 12, 16, 19])
    it(`${outChannels} output channels`, () => {
      for (const inChannels of [1, 3, 4, 5, 25, 32]) check({ ...base, inChannels, outChannels })
    })
  it('any number of output pixels', () => {
    for (const inHeight of [1, 2, 3, 4, 5, 8, 9]) check({ ...base, inHeight, inWidth: 1, inChannels: 30 })
  })
  it('kernels, strides, dilations and paddings, each axis its own', () => {
    for (const inChannels of [3, 26])
      for (const kernel of [1, 2, 3, 5, 7])
        for (const stride of [1, 2, 3])
          for (const dilation of [1, 2])
            check({
              ...base,
              inChannels,
              inHeight: 15,
              inWidth: 14,
              kernelHeight: kernel,
              kernelWidth: Math.max(1, kernel - 1),
              strideHeight: stride,
              strideWidth: 4 - stride,
              dilationHeight: dilation,
              dilationWidth: 3 - dilation,
              padTop: 2,
              padBottom: 0,
              padLeft: 1,
              padRight: 3,
            })
  })
  it('padding wider than the kernel, and a window larger than the input', () => {
    for (const inChannels of [2, 30]) {
      check({ ...base, inChannels, padTop: 5, padLeft: 6, inHeight: 2, inWidth: 2 })
      check({ ...base, inChannels, inHeight: 1, inWidth: 1, kernelHeight: 5, kernelWidth: 5, padTop: 2, padLeft: 2 })
    }
  })
  it('groups', () => {
    for (const [groups, inGroup, outGroup] of [
      [2, 4, 4],
      [3, 5, 9],
      [4, 1, 2],
      [2, 16, 8],
      [5, 3, 1],
      [8, 1, 1],
    ] as const)
      check({ ...base, groups, inChannels: groups * inGroup, outChannels: groups * outGroup })
  })
  it('batches, and blocks of pixels that do not end with an image', () => {
    check({ ...base, batch: 3 })
    check({ ...base, batch: 2, inHeight: 40, inWidth: 41, inChannels: 5, outChannels: 9 })
    check({ ...base, batch: 2, inHeight: 33, inWidth: 31, inChannels: 40, outChannels: 9 })
    check({
      ...base,
      batch: 3,
      inHeight: 9,
      inWidth: 9,
      inChannels: 260,
      outChannels: 20,
      kernelHeight: 1,
      kernelWidth: 1,
    })
  })
  it('bias, residual and clamp', () => {
    for (const outChannels of [8, 6, 11])
      for (const residual of ['own', 'inPlace', undefined] as const)
        for (const clamp of [true, false])
          check({ ...base, inHeight: 5, inWidth: 5, outChannels }, false, { bias: clamp, residual, clamp })
  })
})

describe('3×3 layers with stride 1 agree with the definition, with 16 products for 36', () => {
  // Tiles of 2×2 pixels, 4 tiles × 8 channels a turn, blocks of as many as the scratch memory of a thread holds.
  const extras = { bias: true, kernel: 'winogradF32' } as const
  for (const inChannels of [12, 16, 20, 44])
    it(`${inChannels} input channels`, () => {
      for (const outChannels of [8, 12, 16, 20]) check({ ...base, batch: 2, inChannels, outChannels }, false, extras)
    })
  it('odd and even heights and widths', () => {
    for (const inHeight of [1, 2, 3, 4, 7, 12])
      for (const inWidth of [1, 2, 3, 5, 8])
        check({ ...base, batch: 17, inHeight, inWidth, inChannels: 12 }, false, extras)
  })
  it('paddings of every kind', () => {
    for (const [padTop, padLeft, padBottom, padRight] of [
      [0, 0, 0, 0],
      [2, 0, 1, 3],
      [0, 5, 0, 2],
    ] as const)
      check({ ...base, batch: 3, inHeight: 8, inChannels: 16, padTop, padLeft, padBottom, padRight }, false, extras)
  })
  it('several blocks, and many channels', () => {
    check({ ...base, batch: 3, inHeight: 19, inWidth: 22, inChannels: 16, outChannels: 24 }, false, extras)
    check({ ...base, inHeight: 9, inWidth: 9, inChannels: 260, outChannels: 36 }, false, extras)
  })
  it('bias, residual and clamp', () => {
    for (const residual of ['own', 'inPlace', undefined] as const)
      for (const clamp of [true, false])
        check({ ...base, batch: 2, inHeight: 5, inChannels: 12, outChannels: 12 }, false, {
          ...extras,
          bias: clamp,
          residual,
          clamp,
        })
  })
  it('transposed', () => {
    for (const pad of [0, 1, 2])
      check({ ...base, batch: 3, inChannels: 12, outChannels: 20, padTop: pad, padLeft: 2 - pad }, true, extras)
  })
  it('not with a weight that the others are lost beside', () => {
    const layer = complete({ ...base, batch: 2, inChannels: 16 }, false)
    const x = floats(layer.batch * layer.inHeight * layer.inWidth * layer.inChannels)
    const weights = floats(9 * layer.inChannels * layer.outChannels)
    // Of the last row of the window: in the last row of the output it lies on padding.
    weights[6] = 1e9
    const want = reference(layer, x, weights, false)
    const bench = new StepBench(1 << 22)
    const y = bench.floats(new Float32Array(want.length))
    bench.run(lowerConv(layer, { x: bench.floats(x), y, weights, lo: -Infinity, hi: Infinity }, bench))
    const row = layer.outWidth * layer.outChannels
    const last = (layer.outHeight - 1) * row
    const got = bench.read(y, want.length).subarray(last, last + row)
    expect(relative(got, want.subarray(last, last + row))).toBeLessThan(5e-6)
  })
  it('not where the transforms would cost more, or do not fit', () => {
    const taken = { ...complete({ ...base, batch: 2, inChannels: 16 }, false) }
    expect(takesWinograd(taken)).toBe(true)
    for (const other of [
      { inChannels: 8 },
      { inChannels: 18 },
      { outChannels: 4 },
      { outChannels: 18 },
      { kernelWidth: 1 },
      { strideHeight: 2 },
      { dilationWidth: 2 },
      { groups: 2 },
      { batch: 1 },
    ])
      expect(takesWinograd({ ...taken, ...other }), JSON.stringify(other)).toBe(false)
  })
})

describe('depthwise layers agree with the definition', () => {
  // Tiles of 2 or 4 output pixels × 4 channels; windows 3 and 5 wide have loops of their own.
  it('any number of channels and columns', () => {
    for (const channels of [2, 3, 4, 5, 8, 19])
      for (const inWidth of [1, 2, 3, 4, 5, 8, 9])
        check({ ...base, inWidth, inChannels: channels, outChannels: channels, groups: channels })
  })
  it('kernels, strides and dilations', () => {
    const channels = 6
    for (const kernel of [1, 2, 3, 4, 5, 7])
      for (const stride of [1, 2, 3])
        for (const dilation of [1, 2])
          check({
            ...base,
            ...{ inChannels: channels, outChannels: channels, groups: channels, inHeight: 13, inWidth: 15 },
            ...{
              kernelHeight: kernel === 5 ? 3 : kernel,
              kernelWidth: kernel,
              strideHeight: 3 - Math.min(2, stride),
              strideWidth: stride,
            },
            ...{
              dilationHeight: 3 - dilation,
              dilationWidth: dilation,
              padTop: 2,
              padBottom: 1,
              padLeft: 3,
              padRight: 2,
            },
          })
  })
  // In machine code 16 channels at a time, and pixels without padding beside them by themselves.
  it('long lines', () => {
    for (const channels of [16, 21, 32])
      for (const [kernel, stride, dilation, pad] of [
        [3, 1, 1, 1],
        [3, 2, 1, 1],
        [5, 1, 1, 2],
        [3, 1, 2, 2],
        [5, 3, 1, 0],
        [2, 1, 1, 5],
        [7, 1, 1, 3],
        [1, 2, 1, 0],
      ] as const)
        for (const inWidth of [17, 24, 29, 40])
          check({
            ...base,
            ...{ inChannels: channels, outChannels: channels, groups: channels, inHeight: 4, inWidth },
            ...{ kernelHeight: 3, kernelWidth: kernel, strideWidth: stride, dilationWidth: dilation, padLeft: pad },
          })
  })
  it('channel multipliers, batches, residual and clamp', () => {
    for (const times of [1, 2, 3])
      for (const channels of [2, 5, 8])
        check({ ...base, batch: 2, inChannels: channels, outChannels: times * channels, groups: channels }, false, {
          bias: times !== 2,
          residual: times === 3 ? 'inPlace' : 'own',
          clamp: true,
        })
  })
})

describe('lowerConvTranspose agrees with the definition', () => {
  it('kernels, strides, dilations, paddings and output paddings', () => {
    for (const kernel of [1, 2, 3, 4])
      for (const stride of [1, 2, 3])
        for (const dilation of [1, 2, 3])
          check(
            {
              ...base,
              inHeight: 5,
              inWidth: 4,
              inChannels: 6,
              outChannels: 9,
              kernelHeight: kernel,
              kernelWidth: kernel + 1,
              strideHeight: stride,
              strideWidth: 4 - stride,
              dilationHeight: dilation,
              dilationWidth: 4 - dilation,
              padTop: Math.min(1, kernel - 1),
              padLeft: 1,
              padRight: 0,
              outputPadding: 1,
            },
            true,
          )
  })
  it('groups, residual and clamp', () => {
    check({ ...base, inChannels: 6, outChannels: 9, groups: 3, strideHeight: 2, strideWidth: 2 }, true, {
      bias: true,
      residual: 'own',
      clamp: true,
    })
  })
})

describe('lowerDense agrees with the definition', () => {
  for (const rows of [1, 2, 3, 4, 5, 9])
    it(`${rows} rows`, () => {
      for (const inFeatures of [1, 4, 7, 64, 133])
        for (const outFeatures of [1, 8, 10, 31, 64, 65])
          for (const transposed of [true, false]) {
            const x = floats(rows * inFeatures)
            const w = floats(inFeatures * outFeatures)
            const bias = floats(outFeatures)
            const bench = new StepBench(1 << 22)
            const y = bench.floats(new Float32Array(rows * outFeatures + 8).fill(123))
            const steps = lowerDense(
              { rows, inFeatures, outFeatures },
              { x: bench.floats(x), y, weights: w, transposed, bias, lo: -1, hi: 2 },
              bench,
            )
            bench.run(steps)
            const want = Float64Array.from({ length: rows * outFeatures }, (_, i) => {
              const row = Math.floor(i / outFeatures)
              const o = i % outFeatures
              let sum = bias[o]!
              for (let c = 0; c < inFeatures; c++)
                sum += x[row * inFeatures + c]! * w[transposed ? o * inFeatures + c : c * outFeatures + o]!
              return Math.min(2, Math.max(-1, sum))
            })
            expect(
              relative(bench.read(y, want.length), want),
              `${rows}×${inFeatures}×${outFeatures} seed ${seed}`,
            ).toBeLessThan(5e-6)
            expect([...bench.read(y + 4 * want.length, 8)]).toEqual(Array(8).fill(123))
          }
    })
})
