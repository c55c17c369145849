import type { BackwardRule } from '../../graph/index.ts'
import { mapAxisBack } from '../resample/emit.ts'
import { gradientOf, shapeIn } from '../shared/backward.ts'
import { wrong } from '../shared/check.ts'
import { type AxisPad, type PadAttributes, padSource, padsOf } from './pads.ts'

/**
 * With a constant, what was put around is cut off again (and what was cut off was read by nobody), and the constant gets the gradient of what it
 * was put into. In the other modes elements stand several times, and each gets the sum of their gradients.
 */
export const padBackward: BackwardRule<PadAttributes> = (call) => {
  const { emit } = call
  const shape = shapeIn(call, 0)
  const pads = padsOf(call, shape.length)
  if (!pads) throw wrong(call, 'no gradient passes where the padding depends on data')
  const dy = gradientOf(call)
  const all = shape.map((_, axis) => axis)
  if (call.attributes.mode === 'constant') {
    const inside = emit.pad(
      dy,
      pads.map(({ begin }) => 0 - begin),
      pads.map(({ end }) => 0 - end),
    )
    const around = () => emit.node('Sub', [emit.sum(dy, all), emit.sum(inside, all)])
    return [
      call.needs(0) ? inside : undefined,
      undefined,
      call.needs(2) ? emit.reshape(around(), shapeIn(call, 2)) : undefined,
    ]
  }
  const back = pads.reduce((gradient, { begin, end }: AxisPad, axis) => {
    const size = shape[axis]!
    const taps = Array.from({ length: begin + size + end }, (_, i) => {
      const index = padSource(call.attributes.mode, i - begin, size)
      return index === undefined ? [] : [{ index, weight: 1 }]
    })
    return mapAxisBack(call, gradient, axis, size, taps)
  }, dy)
  return [back]
}
