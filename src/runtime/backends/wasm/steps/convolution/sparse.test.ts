import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../../../base/index.ts'
import { firstDifference, greatestError, StepBench } from '../step-bench.node.ts'
import { lowerConv, lowerConvTranspose, lowerDense } from './layer.ts'
import type { ConvLayer } from './sizes.ts'
import { isFaster, takesSparse, takesSparseRow } from './sparse-choice.ts'
import { sparseCosts } from './sparse-costs.ts'

// Sums without the products of zeros are those of `convF32`, which is tested against the definition, to the bit.

const seed = 20261129
const random = seededRandom(seed)
const floats = (n: number): Float32Array => Float32Array.from({ length: n }, () => 2 * random.uniform() - 1)
/** So many of them are 0, some with a minus, wherever they come. */
const holed = (n: number, share: number): Float32Array =>
  floats(n).map((w) => (random.uniform() < share ? (w < 0 ? -0 : 0) : w))

const base: ConvLayer = {
  ...{ batch: 1, inHeight: 7, inWidth: 6, inChannels: 8, outHeight: 7, outWidth: 6, outChannels: 8, groups: 1 },
  ...{ kernelHeight: 1, kernelWidth: 1, strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1 },
  ...{ padTop: 0, padLeft: 0 },
}
const three = { kernelHeight: 3, kernelWidth: 3, padTop: 1, padLeft: 1 }

interface Extras {
  readonly share?: number
  readonly residual?: 'own' | 'inPlace'
  readonly lo?: number
  readonly hi?: number
  readonly scaled?: boolean
  readonly transposed?: boolean
  /** Changes the input. */
  readonly spoil?: (x: Float32Array) => void
}

/** What a layer gives without the products of zeros and with them. */
function both(layer: ConvLayer, extras: Extras = {}): { sparse: Float32Array; dense: Float32Array } {
  const { share = 0.7, lo = -Infinity, hi = Infinity, transposed = false } = extras
  const x = floats(layer.batch * layer.inHeight * layer.inWidth * layer.inChannels)
  extras.spoil?.(x)
  const taps = layer.kernelHeight * layer.kernelWidth
  const weights = holed((layer.inChannels * layer.outChannels * taps) / layer.groups, share)
  const bias = floats(layer.outChannels)
  const scale = extras.scaled ? floats(layer.outChannels) : undefined
  const outputs = layer.batch * layer.outHeight * layer.outWidth * layer.outChannels
  const added = floats(outputs)
  const [sparse, dense] = (['always', 'never'] as const).map((choice) => {
    const bench = new StepBench((1 << 22) + 16 * weights.length)
    const y = bench.floats(extras.residual === 'inPlace' ? added : new Float32Array(outputs))
    const residual = extras.residual === 'own' ? bench.floats(added) : extras.residual === 'inPlace' ? y : undefined
    const tensors = { x: bench.floats(x), y, weights, bias, scale, residual, lo, hi }
    const lower = transposed ? lowerConvTranspose : lowerConv
    const steps = lower(layer, tensors, bench, { direct: true, sparse: choice })
    expect(steps.some(({ kernel }) => kernel === 'sparseConvF32')).toBe(choice === 'always')
    bench.run(steps)
    return bench.read(y, outputs)
  })
  return { sparse: sparse!, dense: dense! }
}

function check(layer: ConvLayer, extras: Extras = {}): void {
  const { sparse, dense } = both(layer, extras)
  expect(firstDifference(sparse, dense), `${JSON.stringify({ layer, extras })} seed ${seed}`).toBe(-1)
}

describe('without the products of zeros: the same bits', () => {
  it.each([0, 0.5, 0.9, 1])('a share of %s zeros', (share) => {
    for (const inChannels of [1, 3, 4, 5, 67, 130]) check({ ...base, inChannels, outChannels: 13 }, { share })
  })
  // The tile is 16 pixels; sums of 4 channels are turned together.
  it('any number of pixels and of output channels', () => {
    for (const width of [1, 3, 4, 5, 15, 16, 17, 33])
      for (const outChannels of [1, 3, 4, 37])
        check({ ...base, inHeight: 1, outHeight: 1, inWidth: width, outWidth: width, inChannels: 6, outChannels })
  })
  it('windows, strides, dilations, padding, several images', () => {
    check({ ...base, ...three })
    check({ ...base, ...three, batch: 3, inChannels: 3, outChannels: 5 })
    check({ ...base, ...three, strideHeight: 2, strideWidth: 2, outHeight: 4, outWidth: 3 })
    check({ ...base, kernelHeight: 2, kernelWidth: 3, dilationWidth: 2, padLeft: 2, outHeight: 6, outWidth: 6 })
    check({ ...base, strideHeight: 3, strideWidth: 2, outHeight: 3, outWidth: 3 })
  })
  it('groups', () => {
    for (const groups of [2, 4]) check({ ...base, ...three, groups, inChannels: 12, outChannels: 20 })
  })
  it('residuals, in place too, limits and factors', () => {
    for (const residual of [undefined, 'own', 'inPlace'] as const)
      for (const outChannels of [8, 7]) check({ ...base, outChannels }, { residual, lo: -0.3, hi: 0.4, scaled: true })
  })
  it('transposed', () => {
    check({ ...base, ...three, outHeight: 7, outWidth: 6 }, { transposed: true })
    const strides = { strideHeight: 2, strideWidth: 3, outHeight: 13, outWidth: 16 }
    check({ ...base, ...three, ...strides, groups: 2 }, { transposed: true, residual: 'inPlace' })
  })
  it('linear layers of several rows, weights either way round', () => {
    for (const transposed of [true, false])
      for (const rows of [2, 16, 21]) {
        const [inFeatures, outFeatures] = [19, 30]
        const [x, weights, bias] = [
          floats(rows * inFeatures),
          holed(inFeatures * outFeatures, 0.8),
          floats(outFeatures),
        ]
        const [sparse, dense] = (['always', 'never'] as const).map((choice) => {
          const bench = new StepBench()
          const y = bench.result(rows * outFeatures)
          const tensors = { x: bench.floats(x), y, weights, bias, transposed, lo: -Infinity, hi: Infinity }
          const steps = lowerDense({ rows, inFeatures, outFeatures }, tensors, bench, { sparse: choice })
          expect(steps.at(-1)?.kernel).toBe(choice === 'always' ? 'sparseConvF32' : 'convF32')
          bench.run(steps)
          return bench.read(y, rows * outFeatures)
        })
        expect(firstDifference(sparse!, dense!)).toBe(-1)
      }
  })
  it('a single row: the same sums in another order', () => {
    for (const transposed of [true, false])
      for (const inFeatures of [1, 3, 4, 37, 130])
        for (const share of [0, 0.6, 1]) {
          const outFeatures = 21
          const [x, weights, bias] = [floats(inFeatures), holed(inFeatures * outFeatures, share), floats(outFeatures)]
          const bench = new StepBench()
          const y = bench.result(outFeatures)
          const tensors = { x: bench.floats(x), y, weights, bias, transposed, lo: -0.5, hi: 1 }
          const steps = lowerDense({ rows: 1, inFeatures, outFeatures }, tensors, bench, { sparse: 'always' })
          expect(steps.map(({ kernel }) => kernel)).toEqual(['sparseDenseF32'])
          bench.run(steps, 3)
          const expected = Array.from(bias, (b, o) => {
            const sum = x.reduce(
              (s, v, k) => s + v * weights[transposed ? o * inFeatures + k : k * outFeatures + o]!,
              b,
            )
            return Math.min(1, Math.max(-0.5, sum))
          })
          expect(greatestError(bench.read(y, outFeatures), expected, 1), `seed ${seed}`).toBeLessThan(2e-6)
        }
  })
})

describe('infinities and NaN pass through zeros', () => {
  it.each([Number.NaN, Infinity, -Infinity])('%s', (odd) => {
    const layer = { ...base, ...three, inChannels: 9, outChannels: 6, groups: 3 }
    const { sparse, dense } = both(layer, { share: 0.8, spoil: (x) => x.fill(odd, 100, 101) })
    expect(dense.some(Number.isNaN)).toBe(true)
    expect(dense.some(Number.isFinite)).toBe(true)
    expect([...sparse]).toEqual([...dense])
  })
  it.each([Number.NaN, Infinity])('in a single row, too: %s', (odd) => {
    const x = floats(9)
    x[4] = odd
    // The second output alone reads it with a weight that is not 0.
    const weights = Float32Array.from({ length: 18 }, (_, i) => (i % 9 === 1 || i === 13 ? 2 : 0))
    const bench = new StepBench()
    const y = bench.result(2)
    const tensors = { x: bench.floats(x), y, weights, transposed: true, lo: -Infinity, hi: Infinity }
    bench.run(lowerDense({ rows: 1, inFeatures: 9, outFeatures: 2 }, tensors, bench, { sparse: 'always' }))
    expect([...bench.read(y, 2)]).toEqual([Number.NaN, odd])
  })
  it('finite values whose sum is not are only slow', () => {
    check({ ...base, inChannels: 9 }, { spoil: (x) => x.fill(3e38, 7, 20) })
  })
})

describe('which layers are done so', () => {
  const bench = new StepBench(0)
  const weights = holed(64 * 64, 0.9)
  const layer = { ...base, inChannels: 64, outChannels: 64, inWidth: 16, outWidth: 16 }
  /** On a machine where both take the same for a weight. */
  const even = { product: 1, sparseProduct: 1, turned: 2 }

  it('the measured costs decide', () => {
    expect(isFaster(layer, 0.9, even)).toBe(true)
    expect(isFaster(layer, 0.05, even)).toBe(false)
    expect(isFaster(layer, 0.9, { ...even, sparseProduct: 12 })).toBe(false)
    // Of 16 pixels of a tile one is used.
    expect(isFaster({ ...layer, outHeight: 1, outWidth: 1 }, 0.7, even)).toBe(false)
    // Turning is not worth it for a single output channel.
    expect(isFaster({ ...layer, outChannels: 1 }, 0.9, even)).toBe(false)
  })
  it('they are measured once', () => {
    const costs = sparseCosts()
    for (const cost of Object.values(costs)) expect(cost).toBeGreaterThan(0)
    expect(sparseCosts()).toBe(costs)
  })
  it('none by default, none that has few zeros', () => {
    expect(takesSparse(layer, { weights }, bench)).toBe(false)
    expect(takesSparse(layer, { weights: floats(64 * 64) }, bench, 'measured')).toBe(false)
  })
  it('a share of zeros decides against Winograd’s products', () => {
    const threes = { ...layer, ...three }
    const taken = (share: number) =>
      takesSparse(threes, { weights: holed(9 * 64 * 64, share) }, bench, 'measured', true)
    expect(taken(0.9)).toBe(true)
    expect(taken(0.65)).toBe(false)
  })
  it('a share of zeros decides about a single row', () => {
    const taken = (share: number) => takesSparseRow({ weights: holed(4096, share) }, bench, 'measured')
    expect(taken(0.9)).toBe(true)
    expect(taken(0.75)).toBe(false)
  })
  it('none where zeros would change the result, or the tile does not fit', () => {
    const bias = new Float32Array(64)
    expect(takesSparse(layer, { weights, bias }, bench, 'always')).toBe(true)
    expect(takesSparse(layer, { weights, bias: bias.with(3, -0) }, bench, 'always')).toBe(false)
    expect(takesSparse(layer, { weights, scale: bias.with(3, Infinity) }, bench, 'always')).toBe(false)
    expect(takesSparse({ ...layer, ...three, inChannels: 4096 }, { weights }, bench, 'always')).toBe(false)
    expect(takesSparse(layer, { weights: { weights: 4096 } }, bench, 'always')).toBe(false)
  })
})
