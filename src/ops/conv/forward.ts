import { elementCount } from '../../base/index.ts'
import type { Call } from '../../graph/index.ts'
import type { Doubles } from '../shared/numbers.ts'
import { slidingOf, tapTable } from '../shared/sliding.ts'
import type { ConvAttributes } from './attributes.ts'

/*
 * Y[n,o,p] = ⊕_{c,t} (X[n, q(o)·C_in/g + c, p·stride + t·dilation − pad], W[o,c,t])
 *
 * where ⊕ combines a patch of X (zeros in the padding) with one filter: a dot product for Conv, an L1 distance for AdderConv.
 */

/** Combines a patch with the filter that starts at `from` in the weights; both in the order channel, tap. */
export type Combine = (patch: Float64Array, weights: Float64Array, from: number) => number

export const dotProduct: Combine = (patch, weights, from) => {
  let sum = 0
  for (let i = 0; i < patch.length; i++) sum += patch[i]! * weights[from + i]!
  return sum
}

export const negativeL1Distance: Combine = (patch, weights, from) => {
  let sum = 0
  for (let i = 0; i < patch.length; i++) sum -= Math.abs(patch[i]! - weights[from + i]!)
  return sum
}

/** Any convolution without its bias. x [N, C_in, spatial…], w [C_out, C_in/g, kernel…]. */
export function convolve(call: Call<ConvAttributes>, x: Doubles, w: Doubles, combine: Combine): Doubles {
  const { groups, window } = call.attributes
  const [batch, inChannels, ...space] = x.shape as [number, number, ...number[]]
  const [outChannels, groupChannels, ...kernelShape] = w.shape as [number, number, ...number[]]
  const sliding = slidingOf(call, window, kernelShape, space)
  const table = tapTable(sliding)
  const taps = elementCount(kernelShape)!
  const size = elementCount(space)!
  const positions = elementCount(sliding.output)!
  const perGroup = outChannels / groups
  const patch = new Float64Array(groupChannels * taps)
  const data = new Float64Array(batch * outChannels * positions)
  for (let n = 0; n < batch; n++)
    for (let g = 0; g < groups; g++)
      for (let p = 0; p < positions; p++) {
        for (let c = 0; c < groupChannels; c++) {
          const channel = (n * inChannels + g * groupChannels + c) * size
          for (let t = 0; t < taps; t++) {
            const at = table[p * taps + t]!
            patch[c * taps + t] = at < 0 ? 0 : x.data[channel + at]!
          }
        }
        for (let o = g * perGroup; o < (g + 1) * perGroup; o++)
          data[(n * outChannels + o) * positions + p] = combine(patch, w.data, o * patch.length)
      }
  return { shape: [batch, outChannels, ...sliding.output], data }
}

/** Adds B[c] to channel c of Y [N, C, …], in place. */
export function addBias(y: Doubles, bias: ArrayLike<number> | undefined): Doubles {
  if (!bias) return y
  const channels = y.shape[1]!
  const inner = elementCount(y.shape.slice(2))!
  for (let i = 0; i < y.data.length; i++) y.data[i] = y.data[i]! + bias[Math.floor(i / inner) % channels]!
  return y
}
