import { stridesOf } from '../../base/index.ts'
import type { Model } from '../../graph/index.ts'
import type { PruneResult } from '../../prune/index.ts'
import type { Outputs } from './feeds.ts'

/** How far the cut network lies from the masked one, in the values that are compared: see `comparedValues`. */
export interface Agreement {
  /** Largest absolute difference over all of them. */
  readonly maxAbsDiff: number
  /** The same as a part of the largest absolute value of that tensor. */
  readonly maxRelDiff: number
}

/**
 * How far a cut network's outputs may be from the masked one's, as a part of the largest value: what rounding does in float32, 1e-4, or where the network
 * computes in half precision (11 bits, or 8), 1e-2.
 * @param model the network, cut or not
 */
export function toleranceFor(model: Model): number {
  const { graph } = model
  const half = (elementType: string) => elementType === 'float16' || elementType === 'bfloat16'
  return [...graph.initializers.values()].some((t) => half(t.elementType)) ||
    [...graph.inputs, ...graph.outputs].some((v) => v.type?.kind === 'tensor' && half(v.type.elementType))
    ? 1e-2
    : 1e-4
}

/**
 * @param numbersOnly passes over what is no number in the masked network; else that agrees with NaN alone
 * @returns undefined where there is nothing to compare: no masked output holds a finite number, so that agreement would prove nothing
 */
export function compareOutputs(
  masked: Outputs,
  cut: Outputs,
  surviving: PruneResult['outputs'],
  numbersOnly = false,
): Agreement | undefined {
  let maxAbsDiff = 0
  let maxRelDiff = 0
  let comparable = false
  for (const [name, a] of masked) {
    const b = cut.get(name)
    const kept = pick(a.shape, a.values, surviving.get(name) ?? new Map())
    if (!b || b.values.length !== kept.length)
      return { maxAbsDiff: Number.POSITIVE_INFINITY, maxRelDiff: Number.POSITIVE_INFINITY }
    let size = 0
    let diff = 0
    kept.forEach((v, i) => {
      if (numbersOnly && Number.isNaN(v)) return
      comparable ||= Number.isFinite(v)
      // Infinity is equal to itself, though their difference is none.
      const d = v === b.values[i] ? 0 : Math.abs(v - b.values[i]!)
      // A NaN on either side is a disagreement, not a zero.
      diff =
        Number.isNaN(d) && !(Number.isNaN(v) && Number.isNaN(b.values[i]))
          ? Number.POSITIVE_INFINITY
          : Math.max(diff, d || 0)
      if (Number.isFinite(v)) size = Math.max(size, Math.abs(v))
    })
    maxAbsDiff = Math.max(maxAbsDiff, diff)
    maxRelDiff = Math.max(maxRelDiff, diff / (size || 1))
  }
  return comparable || maxAbsDiff > 0 ? { maxAbsDiff, maxRelDiff } : undefined
}

/**
 * How far the outputs of one network on two runtimes lie apart: the largest difference, as a part of the largest absolute value of that output.
 * @param a of one of them
 * @param b of the other; an output that it lacks is infinitely far
 */
export const relativeDifference = (a: Outputs, b: Outputs): number => compareOutputs(a, b, new Map())?.maxRelDiff ?? 0

/** How many of the values that would be compared are no numbers in the masked network. */
export function countNaN(masked: Outputs, surviving: PruneResult['outputs']): { nan: number; all: number } {
  const kept = [...masked].map(([name, { shape, values }]) => pick(shape, values, surviving.get(name) ?? new Map()))
  const count = (of: (values: Float64Array) => number) => kept.reduce((sum, values) => sum + of(values), 0)
  return { nan: count((values) => values.filter(Number.isNaN).length), all: count((values) => values.length) }
}

/** The elements whose indices survive on every axis. */
function pick(shape: readonly number[], values: Float64Array, kept: ReadonlyMap<number, Int32Array>): Float64Array {
  if (kept.size === 0) return values
  const strides = stridesOf(shape)
  const alive = shape.map((_, axis) => (kept.has(axis) ? new Set(kept.get(axis)) : undefined))
  return values.filter((_, i) =>
    alive.every((set, axis) => !set || set.has(Math.floor(i / strides[axis]!) % shape[axis]!)),
  )
}
