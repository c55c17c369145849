import { elementCount } from '../../base/index.ts'
import type { Call } from '../../graph/index.ts'
import { setsAlong } from './indices.ts'
import type { Doubles } from './numbers.ts'
import type { PoolAttributes } from './pool.ts'
import { inPadding, slidingOf, tapCount, tapTable } from './sliding.ts'

/** What a window covers: `count` elements of X, whose places (flat) are the first entries of `places`, and `padded` taps of padding. */
export interface Covered {
  readonly places: Int32Array
  readonly count: number
  readonly padded: number
}

/**
 * Visits every window of X, in the order of the output's elements: `at` is the flat index of the one that is made from it. The object that
 * `visit` gets is used again: do not keep it.
 * @param shape X's
 * @returns the output's shape
 */
export function eachWindow(
  call: Call<PoolAttributes>,
  shape: readonly number[],
  visit: (covered: Covered, at: number) => void,
): readonly number[] {
  const { window } = call.attributes
  const [batch, channels, ...space] = shape as [number, number, ...number[]]
  const sliding = slidingOf(call, window, window.kernelShape!, space)
  const table = tapTable(sliding)
  const taps = tapCount(sliding)
  const size = elementCount(space)!
  const positions = elementCount(sliding.output)!
  const covered = { places: new Int32Array(taps), count: 0, padded: 0 }
  for (let plane = 0; plane < batch * channels; plane++)
    for (let p = 0; p < positions; p++) {
      covered.count = 0
      covered.padded = 0
      for (let t = 0; t < taps; t++) {
        const at = table[p * taps + t]!
        if (at >= 0) covered.places[covered.count++] = plane * size + at
        else if (at === inPadding) covered.padded++
      }
      visit(covered, plane * positions + p)
    }
  return [batch, channels, ...sliding.output]
}

/** Y[n, c, p] = f(what the window at p covers of X[n, c]). */
export function poolWindows(
  call: Call<PoolAttributes>,
  shape: readonly number[],
  f: (covered: Covered) => number,
): Doubles {
  const { window } = call.attributes
  const { output } = slidingOf(call, window, window.kernelShape!, shape.slice(2))
  const data = new Float64Array(elementCount([...shape.slice(0, 2), ...output])!)
  const pooled = eachWindow(call, shape, (covered, at) => {
    data[at] = f(covered)
  })
  return { shape: pooled, data }
}

/** Where the window's maximum lies in X: the first one, of several. */
export function placeOfMaximum(x: ArrayLike<number>, { places, count }: Covered): number {
  let best = places[0]!
  for (let i = 1; i < count; i++) {
    const [v, most] = [x[places[i]!]!, x[best]!]
    if (v > most || (Number.isNaN(v) && !Number.isNaN(most))) best = places[i]!
  }
  return best
}

/** Y[n, c] = f(all of X[n, c]), as [N, C, 1, …]. */
export function poolPlanes(x: Doubles, f: (values: Float64Array) => number): Doubles {
  const { starts } = setsAlong(
    x.shape,
    x.shape.flatMap((_, axis) => (axis < 2 ? [] : [axis])),
  )
  const size = elementCount(x.shape.slice(2))!
  return {
    shape: x.shape.map((d, axis) => (axis < 2 ? d : 1)),
    data: Float64Array.from(starts, (start) => f(x.data.subarray(start, start + size))),
  }
}

/** (Σ |x|ᵖ)^(1/p) */
export function norm(values: ArrayLike<number>, p: number): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += Math.abs(values[i]!) ** p
  return sum ** (1 / p)
}
