import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../../base/index.ts'
import { hasRelaxedSimd } from '../engine/module.ts'
import { lowerAdderConvComputed, lowerAdderInputGradient } from './adder/computed.ts'
import { lowerBatchNorm, lowerBatchNormGradient } from './batch-norm.ts'
import { lowerSignGradient, lowerWeightGradient } from './convolution/gradient.ts'
import { lowerConv, lowerConvTranspose } from './convolution/layer.ts'
import type { ConvLayer } from './convolution/sizes.ts'
import { takesWinogradGradient } from './convolution/winograd.ts'
import { lowerPoolGradient } from './pool.ts'
import type { Step } from './step.ts'
import { firstDifference, greatestError, StepBench } from './step-bench.node.ts'

/*
 * Kernels of training around the sizes of their tiles, on one thread and on several, against their definitions in float64. Results must not
 * depend on the number of threads in a single bit.
 */

const seed = 20261126
const random = seededRandom(seed)
const benches = ['simd', ...(hasRelaxedSimd() ? (['relaxed'] as const) : [])].map(
  (variant) => new StepBench(1 << 25, variant as 'simd' | 'relaxed'),
)
const normal = (n: number, scale = 1, centre = 0) =>
  Float32Array.from({ length: n }, () => centre + scale * random.normal())

/** Numbers of threads, and whether all but the first are late, so that it helps them. */
const crowds = [
  [1, false],
  [2, false],
  [3, true],
  [7, false],
  [7, true],
] as const

/** Runs on 1, 2, 3 and 7 threads, and returns the results of one. */
function run(lower: (bench: StepBench) => { readonly steps: readonly Step[]; readonly results: number[][] }) {
  return benches.map((bench) => {
    const all = crowds.map(([threads, late]) => {
      bench.reset()
      const { steps, results } = lower(bench)
      bench.run(steps, threads, late)
      return results.map(([at, count]) => bench.read(at!, count!))
    })
    const [first, ...others] = all as [Float32Array[], ...Float32Array[][]]
    for (const other of others)
      other.forEach((values, i) => {
        expect(firstDifference(values, first[i]!)).toBe(-1)
      })
    return first
  })
}

const largestOf = (values: ArrayLike<number>) => Array.from(values).reduce((m, v) => Math.max(m, Math.abs(v)), 1e-6)

/** Greatest error relative to the largest value: sums of many terms cancel. */
const relative = (got: Float32Array, want: ArrayLike<number>) => greatestError(got, want, largestOf(want))

const between = (least: number, most: number) => least + random.below(most - least + 1)

/** A layer of random sizes, small enough for the definitions, across the kernels' tiles of 4 and 8 channels. */
function someLayer(groups: number): ConvLayer {
  const [kernelHeight, kernelWidth] = [between(1, 3), between(1, 3)]
  const [dilationHeight, dilationWidth] = [between(1, 2), between(1, 2)]
  const [padTop, padLeft] = [between(0, 2), between(0, 2)]
  const [strideHeight, strideWidth] = [between(1, 2), between(1, 3)]
  const [inHeight, inWidth] = [between(5, 8), between(5, 9)]
  const size = (input: number, kernel: number, stride: number, dilation: number, pad: number) =>
    Math.floor((input + 2 * pad - (kernel - 1) * dilation - 1) / stride) + 1
  return {
    ...{ batch: between(1, 3), inHeight, inWidth, inChannels: groups * between(1, 19), groups },
    outHeight: size(inHeight, kernelHeight, strideHeight, dilationHeight, padTop),
    outWidth: size(inWidth, kernelWidth, strideWidth, dilationWidth, padLeft),
    outChannels: groups * between(1, 13),
    ...{ kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft },
  }
}

/** Visits every tap: flat places in x (−1 in the padding) and dy (NHWC), and in w [O, C/groups, taps]. */
function eachTap(layer: ConvLayer, visit: (x: number, dy: number, w: number) => void): void {
  const { batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, groups } = layer
  const taps = layer.kernelHeight * layer.kernelWidth
  const channels = inChannels / groups
  for (let n = 0; n < batch; n++)
    for (let p = 0; p < outHeight * outWidth; p++)
      for (let t = 0; t < taps; t++) {
        const iy =
          Math.floor(p / outWidth) * layer.strideHeight -
          layer.padTop +
          Math.floor(t / layer.kernelWidth) * layer.dilationHeight
        const ix = (p % outWidth) * layer.strideWidth - layer.padLeft + (t % layer.kernelWidth) * layer.dilationWidth
        const inside = iy >= 0 && iy < inHeight && ix >= 0 && ix < inWidth
        for (let o = 0; o < outChannels; o++)
          for (let c = 0; c < channels; c++) {
            const channel = Math.floor(o / (outChannels / groups)) * channels + c
            const x = inside ? ((n * inHeight + iy) * inWidth + ix) * inChannels + channel : -1
            visit(x, (n * outHeight * outWidth + p) * outChannels + o, (o * channels + c) * taps + t)
          }
      }
}

const countsOf = (layer: ConvLayer) => ({
  x: layer.batch * layer.inHeight * layer.inWidth * layer.inChannels,
  dy: layer.batch * layer.outHeight * layer.outWidth * layer.outChannels,
  w: (layer.outChannels * layer.inChannels * layer.kernelHeight * layer.kernelWidth) / layer.groups,
})

const add = (sums: Float64Array, at: number, value: number) => {
  sums[at] = sums[at]! + value
}

const layers = Array.from({ length: 24 }, (_, i) => someLayer([1, 1, 2, 3][i % 4]!)).concat(
  // Depthwise, and whole tiles.
  Array.from({ length: 6 }, () => {
    const layer = someLayer(1)
    return { ...layer, groups: layer.inChannels, outChannels: layer.inChannels * between(1, 2) }
  }),
  { ...someLayer(1), inChannels: 16, outChannels: 16 },
)

/** 3×3, stride 1: Winograd's products, the gradient of the weight in chunks of tiles. */
const square = (sizes: Partial<ConvLayer>): ConvLayer => {
  const { padTop = 1, padLeft = 1, ...given } = sizes
  const [inHeight = 9, inWidth = 8] = [given.inHeight, given.inWidth]
  return {
    ...{ batch: 8, inHeight, inWidth, outHeight: inHeight + 2 * padTop - 2, outWidth: inWidth + 2 * padLeft - 2 },
    ...{ inChannels: 12, outChannels: 8, groups: 1, kernelHeight: 3, kernelWidth: 3, padTop, padLeft },
    ...{ strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1, ...given },
  }
}
const squares = [
  square({}),
  square({ inChannels: 16, outChannels: 20, padTop: 0 }),
  square({ inChannels: 20, outChannels: 12, padLeft: 2, inWidth: 5 }),
  // Blocks of several sizes in a chunk.
  square({ batch: 41, outChannels: 12, inHeight: 8 }),
]
layers.push(...squares)

describe(`convolutions (seed ${seed})`, () => {
  it.each(layers.map((l, i) => [i, l] as const))('layer %i', (_, layer) => {
    const counts = countsOf(layer)
    const [x, dy, w, bias] = [normal(counts.x), normal(counts.dy), normal(counts.w), normal(layer.outChannels)]
    const y = Float64Array.from({ length: counts.dy }, (_, i) => bias[i % layer.outChannels]!)
    const adder = Float64Array.from(y)
    const [dx, dw] = [new Float64Array(counts.x), new Float64Array(counts.w)]
    const [clipped, signed] = [new Float64Array(counts.x), new Float64Array(counts.w)]
    eachTap(layer, (from, at, tap) => {
      const [weight, gradient] = [w[tap]!, dy[at]!]
      const value = from < 0 ? 0 : x[from]!
      add(adder, at, -Math.abs(value - weight))
      add(signed, tap, gradient * Math.sign(value - weight))
      if (from < 0) return
      add(y, at, value * weight)
      add(dw, tap, value * gradient)
      add(dx, from, weight * gradient)
      add(clipped, from, gradient * Math.min(1, Math.max(-1, weight - value)))
    })
    const limits = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY }
    const [inputs, outputs] = [counts.x, counts.dy]
    for (const results of run((bench) => {
      const [xAt, dyAt, wAt, biasAt] = [x, dy, w, bias].map((v) => bench.floats(v)) as [number, number, number, number]
      const [yAt, adderAt] = [bench.result(outputs), bench.result(outputs)]
      const [dxAt, clippedAt, dwAt, signedAt] = [inputs, inputs, counts.w, counts.w].map((n) => bench.result(n)) as [
        number,
        number,
        number,
        number,
      ]
      const back: ConvLayer = {
        ...layer,
        ...{ inHeight: layer.outHeight, inWidth: layer.outWidth, inChannels: layer.outChannels },
        ...{ outHeight: layer.inHeight, outWidth: layer.inWidth, outChannels: layer.inChannels },
      }
      return {
        steps: [
          ...lowerConv(layer, { x: xAt, y: yAt, weights: { weights: wAt, bias: biasAt }, ...limits }, bench),
          ...lowerConvTranspose(back, { x: dyAt, y: dxAt, weights: { weights: wAt }, ...limits }, bench),
          ...lowerWeightGradient(layer, { x: xAt, dy: dyAt, dw: dwAt }, bench),
          ...lowerAdderConvComputed(layer, { x: xAt, y: adderAt, weights: wAt, bias: biasAt, ...limits }, bench),
          ...lowerAdderInputGradient(layer, 'clip', { dy: dyAt, x: xAt, w: wAt, dx: clippedAt }, bench),
          ...lowerSignGradient(layer, { x: xAt, dy: dyAt, dw: signedAt, w: wAt }, bench),
        ],
        results: [
          [yAt, outputs],
          [adderAt, outputs],
          [dxAt, inputs],
          [clippedAt, inputs],
          [dwAt, counts.w],
          [signedAt, counts.w],
        ],
      }
    }))
      [y, adder, dx, clipped, dw, signed].forEach((want, i) => {
        // Adder layers know no difference; their sums are as long here as their rounding allows.
        if (i % 2 === 1 && squares.includes(layer)) return
        expect(relative(results[i]!, want), `result ${i}`).toBeLessThan(5e-6)
      })
  })

  it('3×3 layers of stride 1 take Winograd’s products', () => {
    for (const layer of squares) {
      const [bench] = benches as [StepBench]
      bench.reset()
      const steps = lowerWeightGradient(layer, { x: 0, dy: 0, dw: 0 }, bench)
      expect(steps.map((s) => s.kernel)).toEqual(['winogradMomentsF32', 'winogradWeightGradientF32'])
    }
    // Too few tiles to share, and sums that would take more memory than the values.
    for (const layer of [square({ batch: 2 }), square({ inChannels: 256, outChannels: 256 })])
      expect(takesWinogradGradient(layer)).toBe(false)
  })

  it('an adder’s input gradient at inputs and weights far from each other', () => {
    const layer: ConvLayer = { ...someLayer(1), batch: 1, inChannels: 8, outChannels: 3 }
    const counts = countsOf(layer)
    const [x, w] = [normal(counts.x, 30), normal(counts.w, 20)]
    const dy = normal(counts.dy)
    const want = new Float64Array(counts.x)
    eachTap(layer, (from, at, tap) => {
      if (from >= 0) add(want, from, dy[at]! * Math.min(1, Math.max(-1, w[tap]! - x[from]!)))
    })
    for (const [got] of run((bench) => {
      const dx = bench.result(counts.x)
      const places = { dy: bench.floats(dy), x: bench.floats(x), w: bench.floats(w), dx }
      return { steps: lowerAdderInputGradient(layer, 'clip', places, bench), results: [[dx, counts.x]] }
    }))
      expect(relative(got!, want)).toBeLessThan(5e-5)
  })
})

describe(`BatchNormalization in training (seed ${seed})`, () => {
  const sizes = [1, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 20, 31, 33].flatMap((channels) =>
    [1, 63, 64, 65, 700].map((rows) => [rows, channels] as const),
  )
  const epsilon = 1e-5
  const momentum = 0.9

  const reference = (x: Float32Array, dy: Float32Array, scale: Float32Array, rows: number, channels: number) =>
    Array.from({ length: channels }, (_, c) => {
      const column = (v: Float32Array) => Array.from({ length: rows }, (_, r) => v[r * channels + c]!)
      const [values, gradients] = [column(x), column(dy)]
      const mean = values.reduce((s, v) => s + v, 0) / rows
      const variance = values.reduce((s, v) => s + (v - mean) ** 2, 0) / rows
      const inverse = 1 / Math.sqrt(variance + epsilon)
      const normalised = values.map((v) => (v - mean) * inverse)
      const dBias = gradients.reduce((s, g) => s + g, 0)
      const dScale = gradients.reduce((s, g, r) => s + g * normalised[r]!, 0)
      const dx = gradients.map((g, r) => scale[c]! * inverse * (g - dBias / rows - (normalised[r]! * dScale) / rows))
      return { mean, variance, normalised, dBias, dScale, dx }
    })

  it.each([
    ['spread about 0', 1, 0],
    ['far from 0', 0.5, 100],
  ])('%s', (_, spread, centre) => {
    for (const [rows, channels] of sizes) {
      const n = rows * channels
      const [x, dy] = [normal(n, spread, centre), normal(n)]
      const [scale, bias, means, variances] = [1, 2, 3, 4].map(() => normal(channels)) as [
        Float32Array,
        Float32Array,
        Float32Array,
        Float32Array,
      ]
      const want = reference(x, dy, scale, rows, channels)
      const at = (f: (of: (typeof want)[number], r: number, c: number) => number) =>
        Float64Array.from({ length: n }, (_, i) => f(want[i % channels]!, Math.floor(i / channels), i % channels))
      const y = at(({ normalised }, r, c) => normalised[r]! * scale[c]! + bias[c]!)
      const dx = at((of, r) => of.dx[r]!)
      for (const results of run((bench) => {
        const [xAt, dyAt, scaleAt, biasAt, meanAt, varianceAt] = [x, dy, scale, bias, means, variances].map((v) =>
          bench.floats(v),
        ) as [number, number, number, number, number, number]
        const [yAt, dxAt] = [bench.result(n), bench.result(n)]
        const [newMean, newVariance, dscale, dbias] = [1, 2, 3, 4].map(() => bench.result(channels)) as [
          number,
          number,
          number,
          number,
        ]
        const limits = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY }
        const forward = {
          ...{ x: xAt, y: yAt, scale: scaleAt, bias: biasAt, newMean, newVariance, ...limits },
          ...{ runningMean: meanAt, runningVariance: varianceAt },
        }
        const backward = { dy: dyAt, x: xAt, dx: dxAt, scale: scaleAt, dscale, dbias }
        return {
          steps: [
            ...lowerBatchNorm({ rows, channels, epsilon, momentum }, forward, bench),
            ...lowerBatchNormGradient({ rows, channels, epsilon }, backward, bench),
          ],
          results: [[yAt, n], [dxAt, n], ...[newMean, newVariance, dscale, dbias].map((a) => [a, channels])],
        }
      })) {
        const vectors = [
          want.map(({ mean }, c) => momentum * means[c]! + (1 - momentum) * mean),
          want.map(({ variance }, c) => momentum * variances[c]! + (1 - momentum) * variance),
          want.map(({ dScale }) => dScale),
          want.map(({ dBias }) => dBias),
        ]
        // What float32 keeps of x at 100 ± 0.5, and of one row, whose normalised values are 0.
        const tolerance = rows === 1 ? 1e-3 : centre === 0 ? 2e-6 : 3e-5
        ;[y, dx, ...vectors].forEach((expected, i) => {
          const floor = Math.max(largestOf(expected), 1)
          expect(greatestError(results[i]!, expected, floor), `${rows}×${channels}, ${i}`).toBeLessThan(tolerance)
        })
      }
    }
  })
})

it(`gradients of pooling: of equal values the first has all (seed ${seed})`, () => {
  for (let channels = 1; channels <= 37; channels += 3)
    for (const average of [false, true]) {
      const layer = {
        ...{ batch: 2, channels, input: [5, 4], output: [2, 2], kernel: [3, 2], strides: [2, 2], dilations: [1, 1] },
        ...{ padBegins: [0, 0], padEnds: [0, 0], average, countIncludePad: false },
      }
      // Few different values, so that many are equal.
      const x = Float32Array.from({ length: 40 * channels }, () => random.below(3))
      const dy = normal(8 * channels)
      const want = new Float64Array(x.length)
      for (let at = 0; at < dy.length; at++) {
        const [c, pixel] = [at % channels, Math.floor(at / channels)]
        const [n, oy, ox] = [Math.floor(pixel / 4), Math.floor(pixel / 2) % 2, pixel % 2]
        const places = [0, 1, 2].flatMap((ky) =>
          [0, 1].map((kx) => ((n * 5 + 2 * oy + ky) * 4 + 2 * ox + kx) * channels + c),
        )
        const most = Math.max(...places.map((p) => x[p]!))
        const first = places.find((p) => x[p] === most)!
        if (average) for (const p of places) add(want, p, dy[at]! / 6)
        else add(want, first, dy[at]!)
      }
      for (const [got] of run((bench) => {
        const dx = bench.result(x.length)
        const places = { dy: bench.floats(dy), x: bench.floats(x), dx }
        return { steps: lowerPoolGradient(layer, places, bench), results: [[dx, x.length]] }
      }))
        expect(relative(got!, want)).toBeLessThan(1e-6)
    }
})
