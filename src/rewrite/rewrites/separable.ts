import { productError, type Singular, singular } from '../../algebra/index.ts'
import type { Kernel, KernelShape } from '../convolution.ts'
import { cutAlike, type Decomposition, factorRewrite } from '../factors.ts'
import { numberSetting } from '../settings.ts'

/*
 * Per input channel i, W[:, i, :] = Σ_b σ_b·u_b·v_bᵀ: v_b is the filter of a depthwise convolution, σ_b·u_b a column of a pointwise one behind it. The first r of
 * each channel are r branches, which are one depthwise convolution of r filters for each channel and one pointwise convolution that adds up what they give. What is lost is
 * Σ_i Σ_{b>r} σ²; r = k² loses nothing.
 */

/** Convolutions become depthwise ones of some filters for each channel, and pointwise ones behind. */
export const separable = factorRewrite<number>({
  name: 'separable',
  title: 'depthwise separable convolutions',
  summary: 'Convolutions become depthwise ones with --rank filters for each channel, and 1×1 ones behind.',
  source: 'Guo et al., Network Decoupling, BMVC 2018',
  rank: numberSetting(undefined, 'filters for each channel', { least: 1, whole: true }),

  mostRank: ({ outChannels, taps }) => Math.min(outChannels, taps),

  shapesAt({ groups, outChannels, inChannels, window }, rank) {
    const channels = groups * inChannels
    const ones = window.map(() => 1)
    return [
      { role: 'depthwise', shape: [channels * rank, 1, ...window], groups: channels, slides: window.map(() => true) },
      {
        ...{ role: 'pointwise', shape: [groups * outChannels, inChannels * rank, ...ones], groups },
        slides: window.map(() => false),
      },
    ]
  },

  async decompose(kernel, turn): Promise<Decomposition<number>> {
    const { groups, outChannels, inChannels, taps } = kernel
    const channels: Singular[] = []
    for (let c = 0; c < groups * inChannels; c++)
      channels.push(await singular(ofChannel(kernel, c), outChannels, taps, turn))
    return {
      ...cutAlike(channels),
      async weightsAt(rank, turn) {
        const depthwise = new Float64Array(channels.length * rank * taps)
        const pointwise = new Float64Array(groups * outChannels * inChannels * rank)
        for (const [c, { product }] of channels.entries()) {
          const { left, right } = await product(rank, turn)
          depthwise.set(right, c * rank * taps)
          for (let m = 0; m < outChannels; m++)
            pointwise.set(left.subarray(m * rank, (m + 1) * rank), columnOf(kernel, c, m) * rank)
        }
        return [depthwise, pointwise]
      },
      async errorOf([depthwise, pointwise], rank, turn) {
        let sum = 0
        for (const c of channels.keys()) {
          const left = new Float64Array(outChannels * rank)
          for (let m = 0; m < outChannels; m++) {
            const at = columnOf(kernel, c, m) * rank
            left.set(pointwise!.subarray(at, at + rank), m * rank)
          }
          const right = depthwise!.subarray(c * rank * taps, (c + 1) * rank * taps)
          sum += await productError(ofChannel(kernel, c), [outChannels, taps], { left, right, rank }, turn)
        }
        return sum
      },
    }
  },
})

/** Where the weight of an input channel for an output channel of its group lies, in elements of [outputs, inputs of a group]. */
function columnOf({ outChannels, inChannels }: KernelShape, channel: number, m: number): number {
  const group = Math.floor(channel / inChannels)
  return (group * outChannels + m) * inChannels + (channel % inChannels)
}

/** [outChannels, taps] of an input channel. */
function ofChannel(kernel: Kernel, channel: number): Float64Array {
  const { outChannels, taps, values } = kernel
  const matrix = new Float64Array(outChannels * taps)
  for (let m = 0; m < outChannels; m++) {
    const at = columnOf(kernel, channel, m) * taps
    matrix.set(values.subarray(at, at + taps), m * taps)
  }
  return matrix
}
