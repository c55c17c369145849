import { boundMs, type MachineLimits } from '../../engine/times.ts'
import type { LayerTable } from '../../engine/types.ts'

/*
 * The roofline: a layer that makes i MACs for each byte that it touches makes at most min(peak, i · bandwidth) MACs per second (Williams, Waterman and
 * Patterson, CACM 2009).
 */

/** A layer on the roofline. */
export interface RooflinePoint {
  readonly row: number
  /** MACs for each byte that is read or written. */
  readonly intensity: number
  /** At most, in MACs per second. */
  readonly bound: number
  /** The least time, in milliseconds. */
  readonly boundMs: number
  /** Whether memory is what bounds it. */
  readonly isMemoryBound: boolean
  /** Measured, in milliseconds; NaN where it was not. */
  readonly timeMs: number
}

/** Layers that make MACs, as points. Where nodes run as one, the time is that of all of them, at the first. */
export function rooflinePoints(
  { counts }: Pick<LayerTable, 'counts'>,
  limits: MachineLimits,
  measured: Float64Array | undefined,
): readonly RooflinePoint[] {
  const points: RooflinePoint[] = []
  counts.macs.forEach((macs, row) => {
    const bytes = counts.bytesRead[row]! + counts.bytesWritten[row]!
    if (!(macs > 0) || !(bytes > 0)) return
    const least = boundMs(limits, macs, bytes)
    points.push({
      ...{ row, intensity: macs / bytes, bound: (1000 * macs) / least, boundMs: least },
      isMemoryBound: bytes / limits.bytesPerSecond > macs / limits.macsPerSecond,
      timeMs: measured?.[row] ?? Number.NaN,
    })
  })
  return points
}

/** An axis of powers of ten around values. */
export interface LogAxis {
  readonly low: number
  readonly high: number
  readonly ticks: readonly number[]
  /** 0 at the low end, 1 at the high one. */
  place(value: number): number
}

/** @param values positive ones */
export function logAxis(values: readonly number[]): LogAxis {
  const exponents = values.filter((v) => v > 0 && Number.isFinite(v)).map(Math.log10)
  const from = Math.floor(exponents.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY) - 0.05)
  const to = Math.ceil(exponents.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) + 0.05)
  const [low, high] = from < to ? [from, to] : [-1, 1]
  return {
    ...{ low: 10 ** low, high: 10 ** high },
    ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)),
    place: (value) => (Math.log10(value) - low) / (high - low),
  }
}
