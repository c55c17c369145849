import type { BackwardRule } from '../../graph/index.ts'
import { mapAxisBack } from '../resample/emit.ts'
import { gradientOf, shapeIn } from '../shared/backward.ts'
import { wrong } from '../shared/check.ts'
import { axisSlice, type SliceAttributes, sliceSettings } from './ranges.ts'

/** Zeros where nothing was taken: around what is in one piece, between what was taken in steps. */
export const sliceBackward: BackwardRule<SliceAttributes> = (call) => {
  const shape = shapeIn(call, 0)
  const settings = sliceSettings(call, shape.length)
  const begins = shape.map(() => 0)
  const ends = shape.map(() => 0)
  let gradient = gradientOf(call)
  for (const [n, axis] of (settings.axes ?? []).entries()) {
    const size = shape[axis]!
    const { start, step, count } = axisSlice(call, settings, n, size)!
    if (step === 1) {
      begins[axis] = start
      ends[axis] = size - start - count
    } else {
      const taken = Array.from({ length: count }, (_, i) => [{ index: start + i * step, weight: 1 }])
      gradient = mapAxisBack(call, gradient, axis, size, taken)
    }
  }
  if (!settings.axes) throw wrong(call, 'no gradient passes where its axes depend on data')
  return [[...begins, ...ends].some((p) => p !== 0) ? call.emit.pad(gradient, begins, ends) : gradient]
}
