import { type Dim, elementCount, type Shape, unknownDim } from '../../base/index.ts'
import type { Arithmetic, Call, InferredCall, Ties } from '../../graph/index.ts'
import { passTracks } from './axis-tracks.ts'
import { required, wrong } from './check.ts'

/*
 * What Resize and Upsample share. Axes whose size stays are not resized; the others are interpolated.
 */

/** Points of the input that one output point is made of, along one axis. */
const points: Readonly<Record<string, number>> = { nearest: 1, linear: 2, bilinear: 2, cubic: 4 }

/**
 * Nearest: moves data. Linear and cubic: each output is a sum over 2 or 4 points per resized axis (so 4 or 16 in an image), with one
 * multiplication and one addition for each; the coefficients depend on the position alone and are not counted. With `antialias`, a
 * resized axis that shrinks takes as many points more as it shrinks.
 */
export function interpolationCost(call: InferredCall, mode: string, antialias: boolean): Arithmetic {
  const x = call.inputs[0]?.shape as readonly number[]
  const y = call.outputs[0]?.shape as readonly number[]
  const outputs = elementCount(y)!
  if (mode === 'nearest') return {}
  const perOutput = x.reduce((product, size, axis) => {
    const to = y[axis]!
    if (to === size) return product
    return product * Math.ceil((points[mode] ?? 1) * (antialias ? Math.max(1, size / Math.max(1, to)) : 1))
  }, 1)
  if (perOutput === 1) return {}
  return { adds: outputs * perOutput, muls: outputs * perOutput, accumulators: outputs }
}

/** floor(size · factor), in single precision as runtimes calculate it. */
export function scaled(size: Dim, factor: number | undefined): Dim {
  if (factor === 1) return size
  return typeof size === 'number' && factor !== undefined ? Math.floor(Math.fround(size * factor)) : unknownDim()
}

/** The shape scaled by one factor per axis; without factors only the rank is known. */
export function scaledShape(call: Call, factors: readonly number[] | undefined): Shape | undefined {
  const x = required(call, 0).shape
  if (!x || !factors) return x?.map(() => unknownDim())
  if (factors.length !== x.length) throw wrong(call, `${factors.length} scales [${factors}] for ${x.length} dimensions`)
  const bad = factors.find((f) => !(f > 0))
  if (bad !== undefined) throw wrong(call, `a scale of ${bad} in [${factors}]; scales are positive`)
  return x.map((d, axis) => scaled(d, factors[axis]))
}

/** Axes that the operator leaves as they are pass: `factor` gives the scale of an axis, where it is known. */
export function passUnscaled(call: InferredCall, ties: Ties, factor: (axis: number) => number | undefined): void {
  const same = (axis: number) => call.inputs[0]?.shape?.[axis] === call.outputs[0]?.shape?.[axis]
  passTracks(call, ties, {
    // A factor such as 1.1 may leave a small size as it is and interpolate nevertheless.
    to: (axis) => (same(axis) && factor(axis) === 1 ? axis : undefined),
    why: (axis) => `${call.node.opType} interpolates along axis ${axis}`,
  })
}
