import type { Dense } from '../../graph/index.ts'
import { type Sets, setsAlong } from './indices.ts'
import type { Doubles } from './numbers.ts'

/** Mean, and mean square of the deviations from it, of one set of elements. */
export interface Moments {
  readonly mean: number
  readonly variance: number
}

export function momentsOf(data: Float64Array, start: number, offsets: Float64Array): Moments {
  let sum = 0
  for (const offset of offsets) sum += data[start + offset]!
  const mean = sum / offsets.length
  let squares = 0
  for (const offset of offsets) squares += (data[start + offset]! - mean) ** 2
  return { mean, variance: squares / offsets.length }
}

/** Gives every set of elements along `axes` to `f`, which says what becomes of each element. */
export function mapSets(
  x: Doubles,
  axes: readonly number[],
  f: (start: number, offsets: Sets['offsets']) => (value: number) => number,
): Doubles {
  const { starts, offsets } = setsAlong(x.shape, axes)
  const data = new Float64Array(x.data.length)
  for (const start of starts) {
    const become = f(start, offsets)
    for (const offset of offsets) data[start + offset] = become(x.data[start + offset]!)
  }
  return { shape: x.shape, data }
}

/** y = (x − mean) / √(variance + epsilon), the statistics of each set along `axes`. */
export function standardised(x: Doubles, axes: readonly number[], epsilon: number): Doubles {
  return mapSets(x, axes, (start, offsets) => {
    const { mean, variance } = momentsOf(x.data, start, offsets)
    const deviation = Math.sqrt(variance + epsilon)
    return (v) => (v - mean) / deviation
  })
}

/** y · scale + bias, given for every element. */
export function scaledAndShifted(y: Doubles, scale: Float64Array, bias: Float64Array | undefined): Doubles {
  return { shape: y.shape, data: y.data.map((v, i) => v * scale[i]! + (bias ? bias[i]! : 0)) }
}

/** A vector with one entry per channel, so that it broadcasts to x [N, C, …]. */
export const perChannel = (vector: Dense, rank: number): Dense => ({
  ...vector,
  shape: [vector.data.length, ...new Array<number>(Math.max(0, rank - 2)).fill(1)],
})
