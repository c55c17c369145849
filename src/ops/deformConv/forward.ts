import { elementCount, stridesOf } from '../../base/index.ts'
import type { Call } from '../../graph/index.ts'
import { dotProduct } from '../conv/forward.ts'
import { fromIndices } from '../shared/indices.ts'
import type { Doubles } from '../shared/numbers.ts'
import { slidingOf } from '../shared/sliding.ts'
import type { DeformConvAttributes } from './attributes.ts'

/** X at a place between elements: the nearest two per axis, weighted linearly; what lies outside is 0. @param plane where the channel starts */
function interpolated(
  x: Float64Array,
  plane: number,
  space: readonly number[],
  strides: readonly number[],
  at: readonly number[],
): number {
  let sum = 0
  for (let corner = 0; corner < 2 ** space.length; corner++) {
    let weight = 1
    let place = plane
    for (let axis = 0; axis < space.length; axis++) {
      const low = Math.floor(at[axis]!)
      const i = low + ((corner >> axis) & 1)
      const rest = at[axis]! - low
      weight *= i === low ? 1 - rest : rest
      if (i < 0 || i >= space[axis]!) weight = 0
      place += i * strides[axis]!
    }
    if (weight !== 0) sum += weight * x[place]!
  }
  return sum
}

/** The convolution without its bias. */
export function deformed(
  call: Call<DeformConvAttributes>,
  x: Doubles,
  w: Doubles,
  offsets: Doubles,
  mask: Doubles | undefined,
): Doubles {
  const { groups, offsetGroups, window } = call.attributes
  const [batch, inChannels, ...space] = x.shape as [number, number, ...number[]]
  const [outChannels, groupChannels, ...kernelShape] = w.shape as [number, number, ...number[]]
  const { output, strides, dilations, pads } = slidingOf(call, window, kernelShape, space)
  const rank = space.length
  const taps = elementCount(kernelShape)!
  const positions = elementCount(output)!
  const size = elementCount(space)!
  const inner = stridesOf(space)
  const perGroup = outChannels / groups
  const perOffset = inChannels / offsetGroups
  // Where each tap of each place lies without offsets: per place, tap and axis.
  const bases = fromIndices([...output, ...kernelShape, rank], (index) => {
    const axis = index[2 * rank]!
    const [position, tap] = [index[axis]!, index[rank + axis]!]
    return position * strides[axis]! + tap * dilations[axis]! - pads[axis]!
  })
  const patches = new Float64Array(inChannels * taps)
  const data = new Float64Array(batch * outChannels * positions)
  const at = new Array<number>(rank)
  for (let n = 0; n < batch; n++)
    for (let p = 0; p < positions; p++) {
      for (let c = 0; c < inChannels; c++)
        for (let t = 0; t < taps; t++) {
          const moved = (n * offsetGroups + Math.floor(c / perOffset)) * taps + t
          for (let axis = 0; axis < rank; axis++)
            at[axis] = bases[(p * taps + t) * rank + axis]! + offsets.data[(moved * rank + axis) * positions + p]!
          const value = interpolated(x.data, (n * inChannels + c) * size, space, inner, at)
          patches[c * taps + t] = value * (mask ? mask.data[moved * positions + p]! : 1)
        }
      for (let o = 0; o < outChannels; o++) {
        const from = Math.floor(o / perGroup) * groupChannels * taps
        const patch = patches.subarray(from, from + groupChannels * taps)
        data[(n * outChannels + o) * positions + p] = dotProduct(patch, w.data, o * patch.length)
      }
    }
  return { shape: [batch, outChannels, ...output], data }
}
