import { isInteger } from '../../base/index.ts'
import type { BackwardCall, BackwardRule } from '../../graph/index.ts'
import { algebra, gradientOf, passInside, shapeIn } from './backward.ts'
import { wrong } from './check.ts'
import { outputType, type QuantisationAttributes, quantisationAxis } from './quantised.ts'
import { rangeOf } from './quantised-forward.ts'

/*
 * Quantisation is flat between its steps; its derivative is 0 wherever there is one. In its place training takes the straight-through estimate, as if
 * nothing were rounded, and nothing passes where the range of the codes cut a value off (Jacob et al. 2018, arXiv:1712.05877):
 *
 *   q = saturate(round(x / scale) + zeroPoint)     dX = dQ / scale  where lowest − ½ < x / scale + zeroPoint < highest + ½,  else 0
 *   y = (q − zeroPoint) · scale                     dQ = dY · scale
 *
 * so that a pair passes dY itself inside the range. dQ is per unit of the codes and is a float32 value, whatever the codes are. Scales and zero points
 * count as constants.
 */

/** A scale or zero point as float32, so that it broadcasts to the tensor. */
function parameter(call: BackwardCall<QuantisationAttributes>, input: number): string {
  const shape = shapeIn(call, input)
  const rank = shapeIn(call, 0).length
  const name = call.node.inputs[input]!
  const value = call.inputs[input]?.elementType === 'float32' ? name : call.emit.node('Cast', [name], { to: 1 })
  const count = shape.reduce((p, d) => p * d, 1)
  if (count === 1) return call.emit.reshape(value, [])
  if (call.attributes.blockSize > 0 && shape.length === rank)
    throw wrong(call, 'no gradient passes where blocks of elements have scales of their own')
  const along = new Array<number>(rank).fill(1)
  along[quantisationAxis(call)] = count
  return call.emit.reshape(value, along)
}

export const quantiseBackward: BackwardRule<QuantisationAttributes> = (call) => {
  const type = call.inputs[2]?.elementType ?? outputType(call) ?? 'uint8'
  if (!isInteger(type)) throw wrong(call, `no gradient passes through codes of ${type}`)
  const { add, div } = algebra(call.emit)
  const scale = parameter(call, 1)
  const steps = div(call.node.inputs[0]!, scale)
  const place = call.inputs[2] ? add(steps, parameter(call, 2)) : steps
  const [lowest, highest] = rangeOf(type)
  return [passInside(call, div(gradientOf(call), scale), place, lowest - 0.5, highest + 0.5)]
}

export const dequantiseBackward: BackwardRule<QuantisationAttributes> = (call) => {
  const { mul } = algebra(call.emit)
  return [mul(gradientOf(call), parameter(call, 1))]
}
