import type { Dim } from '../../base/index.ts'
import type { Call } from '../../graph/index.ts'
import { wrong } from '../shared/check.ts'
import { distinctAxes, type Setting, setting } from '../shared/settings.ts'

export interface SliceAttributes {
  readonly starts: readonly number[] | undefined
  readonly ends: readonly number[] | undefined
  readonly axes: readonly number[] | undefined
}

/** Which indices a slice takes of one axis. */
export interface AxisSlice {
  readonly start: number
  readonly step: number
  readonly count: number
}

export interface SliceSettings {
  /** The sliced axes, in the order of starts and ends; undefined when they depend on data. */
  readonly axes: readonly number[] | undefined
  readonly starts: readonly number[] | undefined
  readonly ends: readonly number[] | undefined
  readonly steps: readonly number[] | undefined
}

export function sliceSettings(call: Call<SliceAttributes>, rank: number): SliceSettings {
  const starts = setting(call, call.attributes.starts, 1)
  const ends = setting(call, call.attributes.ends, 2)
  if (!starts.given || !ends.given) throw wrong(call, 'starts or ends are missing')
  const axes = setting(call, call.attributes.axes, 3)
  const steps = setting(call, undefined, 4)
  const count = starts.count ?? ends.count
  const ones = (s: Setting, make: (i: number) => number) =>
    s.given ? s.values : count === undefined ? undefined : Array.from({ length: count }, (_, i) => make(i))
  const sliced = ones(axes, (i) => i)
  for (const s of [ends, axes, steps])
    if (s.count !== undefined && count !== undefined && s.count !== count)
      throw wrong(call, `${count} starts, but ${s.count} ends, axes or steps`)
  return {
    axes: sliced && distinctAxes(call, sliced, rank),
    starts: starts.values,
    ends: ends.values,
    steps: ones(steps, () => 1),
  }
}

const clamp = (x: number, low: number, high: number) => Math.min(high, Math.max(low, x))

/** What is taken of sliced axis number n; undefined when that depends on data or on an unknown size. */
export function axisSlice(
  call: Call,
  { starts, ends, steps }: SliceSettings,
  n: number,
  size: Dim,
): AxisSlice | undefined {
  const [start, end, step] = [starts?.[n], ends?.[n], steps?.[n]]
  if (step === 0) throw wrong(call, 'a step is 0')
  if (start === undefined || end === undefined || step === undefined || typeof size !== 'number') return undefined
  const fromStart = (x: number) => (x < 0 ? x + size : x)
  if (step > 0) {
    const first = clamp(fromStart(start), 0, size)
    return { start: first, step, count: Math.max(0, Math.ceil((clamp(fromStart(end), 0, size) - first) / step)) }
  }
  // Backwards, a start before the first element is the first element, and INT_MAX says "to the end" as it does forwards.
  const first = clamp(fromStart(start), 0, size - 1)
  const last = end === 2 ** 31 - 1 || end >= 2 ** 63 ? -1 : clamp(fromStart(end), -1, size - 1)
  return { start: first, step, count: Math.max(0, Math.ceil((last - first) / step)) }
}
