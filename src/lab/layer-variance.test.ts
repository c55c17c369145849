import { describe, expect, it } from 'vitest'
import { momentsOf, seededRandom } from '../base/index.ts'
import { layerVariance } from './layer-variance.ts'
import { foldedMean, normalCdf } from './statistics.ts'

describe('the folded normal distribution', () => {
  it.each([
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.96, 0.024997895148220435],
    [3, 0.9986501019683699],
  ])('Φ(%d)', (z, p) => {
    expect(Math.abs(normalCdf(z) - p)).toBeLessThan(2e-7)
  })

  it('has the mean of draws', () => {
    const random = seededRandom(1)
    for (const [d, sigma] of [
      [0, 1],
      [0.7, 1],
      [-2, 0.5],
      [1, 3],
    ] as const) {
      const drawn = momentsOf(Array.from({ length: 40_000 }, () => Math.abs(d + sigma * random.normal())))
      expect(Math.abs(foldedMean(d, sigma) - drawn.mean)).toBeLessThan(0.025 * sigma)
    }
    expect(foldedMean(-2, 0)).toBe(2)
  })
})

describe('the variance of a layer', () => {
  const random = seededRandom(7)
  // Neighbours resemble each other, channels do, and the mean is not 0.
  const input = { channels: 2, size: 5, kernel: 3, stride: 2, padding: 1 }
  const plane = input.size ** 2
  const values = Float64Array.from({ length: 3 * input.channels * plane }, (_, i) =>
    Math.max(0, 1 + Math.sin(0.6 * (i % plane)) + 0.3 * random.normal() + Math.floor(i / plane / input.channels)),
  )

  /** −Σ|x − w| everywhere, written out. */
  function outputs(w: Float64Array): number[] {
    const { channels, size, kernel, stride, padding } = input
    const places = [0, 1, 2].flatMap((n) => [0, 1, 2].flatMap((y) => [0, 1, 2].map((x) => [n, y, x] as const)))
    return places.map(([n, row, column]) => {
      let sum = 0
      w.forEach((weight, t) => {
        const [c, i, j] = [Math.floor(t / kernel ** 2), Math.floor(t / kernel) % kernel, t % kernel]
        const [y, x] = [row * stride + i - padding, column * stride + j - padding]
        const inside = y >= 0 && x >= 0 && y < size && x < size
        sum -= Math.abs((inside ? values[((n * channels + c) * size + y) * size + x]! : 0) - weight)
      })
      return sum
    })
  }

  it('is that of drawn filters', () => {
    const [mean, deviation] = [0.2, 0.8]
    const all = Array.from({ length: 4000 }, () =>
      outputs(Float64Array.from({ length: 18 }, () => mean + deviation * random.normal())),
    ).flat()
    const { weights, patches, independentPatches } = layerVariance({ ...input, values }, mean, deviation)
    const { variance } = momentsOf(all)
    expect(Math.abs(weights + patches - variance) / variance).toBeLessThan(0.03)
    // The test tells the two apart.
    expect(Math.abs(weights + independentPatches - variance) / variance).toBeGreaterThan(0.3)
  })

  it('is (1 − 2/π) k²C (Var X + Var W) for independent normal inputs of mean 0', () => {
    const normal = Float64Array.from({ length: 4000 * 18 }, random.normal)
    const parts = layerVariance({ values: normal, channels: 2, size: 3, kernel: 3, stride: 1, padding: 0 }, 0, 1)
    const expected = (1 - 2 / Math.PI) * 18 * 2
    expect(Math.abs(parts.weights + parts.independentPatches - expected) / expected).toBeLessThan(0.02)
    expect(Math.abs(parts.patches / parts.independentPatches - 1)).toBeLessThan(0.1)
  })
})
