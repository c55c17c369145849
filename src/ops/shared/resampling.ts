import { linesAlong } from './indices.ts'
import type { Doubles } from './numbers.ts'

/*
 * Interpolation along single axes, for the scalar references of Resize and Upsample:
 *
 *   y[i] = Σ_j weight_ij · x[j],   weight_ij = kernel((j − position_i) · s),   s = min(1, scale) with antialiasing, else 1
 *
 * and the kernels are the triangle (linear, radius 1) and Keys' cubic (radius 2). What lies outside is the nearest element.
 */

/** One element that takes part, and its weight. */
export interface Tap {
  readonly index: number
  readonly weight: number
}

export interface Kernel {
  readonly radius: number
  readonly weight: (distance: number) => number
  /** Its derivative. */
  readonly slope: (distance: number) => number
}

export const linearKernel: Kernel = {
  radius: 1,
  weight: (t) => Math.max(0, 1 - Math.abs(t)),
  // At 0, where two stretches meet, the one to the right: the second neighbour of a place on an element is the one behind it.
  slope: (t) => (Math.abs(t) > 1 ? 0 : t > 0 ? -1 : 1),
}

/** Keys, "Cubic convolution interpolation" (1981), with coefficient a. */
export const cubicKernel = (a: number): Kernel => ({
  radius: 2,
  weight: (distance) => {
    const t = Math.abs(distance)
    if (t <= 1) return (a + 2) * t ** 3 - (a + 3) * t ** 2 + 1
    return t < 2 ? a * (t ** 3 - 5 * t ** 2 + 8 * t - 4) : 0
  },
  slope: (distance) => {
    const t = Math.abs(distance)
    if (t <= 1) return Math.sign(distance) * (3 * (a + 2) * t ** 2 - 2 * (a + 3) * t)
    return t < 2 ? Math.sign(distance) * a * (3 * t ** 2 - 10 * t + 8) : 0
  },
})

/**
 * The elements of an axis of `size` that make the value at `position`.
 * @param shrink s above: 1, or the scale where an axis that shrinks is antialiased
 * @param excludeOutside whether elements outside weigh nothing, instead of being the nearest one
 */
export function interpolationTaps(
  position: number,
  size: number,
  kernel: Kernel,
  shrink: number,
  excludeOutside: boolean,
): Tap[] {
  const reach = kernel.radius / shrink
  const taps: Tap[] = []
  for (let j = Math.ceil(position - reach); j <= Math.floor(position + reach); j++) {
    const outside = j < 0 || j >= size
    const weight = outside && excludeOutside ? 0 : kernel.weight((j - position) * shrink)
    if (weight !== 0) taps.push({ index: Math.min(size - 1, Math.max(0, j)), weight })
  }
  if (shrink === 1 && !excludeOutside) return taps
  const total = taps.reduce((sum, { weight }) => sum + weight, 0)
  return taps.map(({ index, weight }) => ({ index, weight: weight / total }))
}

/** The index nearest to a position, halves by `mode` (ONNX Resize's nearest_mode, and Upsample's: down, up where the axis shrinks). */
export function nearestIndex(position: number, mode: string, scale: number): number {
  switch (mode) {
    case 'floor':
      return Math.floor(position)
    case 'ceil':
      return Math.ceil(position)
    case 'round_prefer_ceil':
      return Math.floor(position + 0.5)
    case 'simple':
      return scale < 1 ? Math.ceil(position) : Math.floor(position)
    default:
      return Math.ceil(position - 0.5)
  }
}

/** An axis as it is. */
export const copied = (size: number): Tap[][] => Array.from({ length: size }, (_, index) => [{ index, weight: 1 }])

export const sameShape = (a: readonly number[], b: readonly number[]): boolean => a.every((d, axis) => d === b[axis])

/** Makes axis `axis` of x from the elements that `taps` lists for each new index. */
export function resampled(x: Doubles, axis: number, taps: readonly (readonly Tap[])[]): Doubles {
  const shape = x.shape.with(axis, taps.length)
  const { outer, size, inner } = linesAlong(x.shape, axis)
  if (taps.length === size && taps.every((t, i) => t.length === 1 && t[0]?.index === i && t[0].weight === 1)) return x
  const data = new Float64Array(outer * taps.length * inner)
  for (let o = 0; o < outer; o++)
    taps.forEach((list, i) => {
      const to = (o * taps.length + i) * inner
      for (const { index, weight } of list) {
        const from = (o * size + index) * inner
        for (let n = 0; n < inner; n++) data[to + n] = data[to + n]! + weight * x.data[from + n]!
      }
    })
  return { shape, data }
}
