import { productError, type Singular, singular } from '../../algebra/index.ts'
import { cutAlike, type Decomposition, factorRewrite, ofGroup } from '../factors.ts'
import { numberSetting } from '../settings.ts'

/*
 * W as a matrix [C_out, C_in·k²] is U·S·Vᵀ: the first r rows of S^½·Vᵀ are the filters of a k×k convolution to r channels, the first r columns of U·S^½ a 1×1 convolution of
 * these. What is lost is Σ_{i>r} σ².
 */

/** Convolutions become ones of fewer channels, and 1×1 ones behind. */
export const lowRank = factorRewrite<number>({
  name: 'low-rank',
  title: 'convolutions of low rank',
  summary: 'Convolutions become ones to --rank channels with the same window, and 1×1 ones behind.',
  source: 'Zhang et al., Accelerating Very Deep Convolutional Networks, TPAMI 2016',
  rank: numberSetting(undefined, 'channels in between', { least: 1, whole: true }),

  mostRank: ({ outChannels, inChannels, taps }) => Math.min(outChannels, inChannels * taps),

  shapesAt({ groups, outChannels, inChannels, window }, rank) {
    const ones = window.map(() => 1)
    return [
      { role: 'narrow', shape: [groups * rank, inChannels, ...window], groups, slides: window.map(() => true) },
      { role: 'pointwise', shape: [groups * outChannels, rank, ...ones], groups, slides: window.map(() => false) },
    ]
  },

  async decompose(kernel, turn): Promise<Decomposition<number>> {
    const { groups, outChannels, inChannels, taps } = kernel
    const size = [outChannels, inChannels * taps] as const
    const matrices = Array.from({ length: groups }, (_, g) => ofGroup(kernel.values, kernel.groups, g))
    const found: Singular[] = []
    for (const matrix of matrices) found.push(await singular(matrix, ...size, turn))
    return {
      ...cutAlike(found),
      async weightsAt(rank, turn) {
        const narrow = new Float64Array(groups * rank * size[1])
        const pointwise = new Float64Array(groups * outChannels * rank)
        for (const [g, { product }] of found.entries()) {
          const { left, right } = await product(rank, turn)
          narrow.set(right, g * right.length)
          pointwise.set(left, g * left.length)
        }
        return [narrow, pointwise]
      },
      async errorOf([narrow, pointwise], rank, turn) {
        let sum = 0
        for (const [g, matrix] of matrices.entries()) {
          const factors = { left: ofGroup(pointwise!, groups, g), right: ofGroup(narrow!, groups, g), rank }
          sum += await productError(matrix, size, factors, turn)
        }
        return sum
      },
    }
  },
})
