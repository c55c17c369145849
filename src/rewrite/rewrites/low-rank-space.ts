import { productError, type Singular, singular, transposed } from '../../algebra/index.ts'
import type { Kernel } from '../convolution.ts'
import { cutAlike, type Decomposition, factorRewrite, ofGroup } from '../factors.ts'
import { numberSetting } from '../settings.ts'

/*
 * W as a matrix [C_in·k, k·C_out], rows of the first spatial axis against columns of the others, is U·S·Vᵀ: the first r columns of U·S^½ are the filters of a k×1
 * convolution to r channels, the first r rows of S^½·Vᵀ those of a 1×k convolution behind. What is lost is Σ_{i>r} σ². Along three axes it is k×1×1 and 1×k×k.
 */

/** Convolutions become two, one along the first spatial axis and one along the others. */
export const lowRankSpace = factorRewrite<number>({
  name: 'low-rank-space',
  title: 'convolutions along one axis at a time',
  summary: 'Convolutions become k×1 ones to --rank channels, and 1×k ones behind.',
  source: 'Jaderberg et al., Speeding up Convolutional Neural Networks with Low Rank Expansions, BMVC 2014',
  rank: numberSetting(undefined, 'channels in between', { least: 1, whole: true }),

  refusal({ window, taps }) {
    if (window.length === 1)
      return { code: 'axes', why: 'it convolves along one axis: there are no two to take one at a time' }
    if (window[0] === 1 || window[0] === taps)
      return { code: 'axes', why: `its window is ${window.join('×')}, which takes one axis at a time already` }
    return undefined
  },

  mostRank({ outChannels, inChannels, window, taps }) {
    const first = window[0]!
    return Math.min(inChannels * first, (outChannels * taps) / first)
  },

  shapesAt({ groups, outChannels, inChannels, window }, rank) {
    const along = (isOwn: (axis: number) => boolean) => ({
      window: window.map((k, axis) => (isOwn(axis) ? k : 1)),
      slides: window.map((_, axis) => isOwn(axis)),
    })
    const [first, others] = [along((axis) => axis === 0), along((axis) => axis > 0)]
    return [
      { role: 'first', shape: [groups * rank, inChannels, ...first.window], groups, slides: first.slides },
      { role: 'others', shape: [groups * outChannels, rank, ...others.window], groups, slides: others.slides },
    ]
  },

  async decompose(kernel, turn): Promise<Decomposition<number>> {
    const { groups, outChannels, inChannels, window, taps } = kernel
    const first = window[0]!
    const rest = taps / first
    const size = [inChannels * first, outChannels * rest] as const
    const matrices = Array.from({ length: groups }, (_, g) => matrixOf(kernel, g))
    const found: Singular[] = []
    for (const matrix of matrices) found.push(await singular(matrix, ...size, turn))
    /** Between [rank, outChannels·rest] and [outChannels, rank, rest]. */
    const exchanged = (values: Float64Array, rows: number, columns: number): Float64Array => {
      const out = new Float64Array(values.length)
      for (let i = 0, at = 0; i < rows; i++)
        for (let j = 0; j < columns; j++, at += rest) out.set(values.subarray(at, at + rest), (j * rows + i) * rest)
      return out
    }
    return {
      ...cutAlike(found),
      async weightsAt(rank, turn) {
        const firsts = new Float64Array(groups * rank * size[0])
        const others = new Float64Array(groups * rank * size[1])
        for (const [g, { product }] of found.entries()) {
          const { left, right } = await product(rank, turn)
          firsts.set(transposed(left, size[0], rank), g * left.length)
          others.set(exchanged(right, rank, outChannels), g * right.length)
        }
        return [firsts, others]
      },
      async errorOf([firsts, others], rank, turn) {
        let sum = 0
        for (const [g, matrix] of matrices.entries()) {
          const left = transposed(ofGroup(firsts!, groups, g), rank, size[0])
          const right = exchanged(ofGroup(others!, groups, g), outChannels, rank)
          sum += await productError(matrix, size, { left, right, rank }, turn)
        }
        return sum
      },
    }
  },
})

/** [inChannels·first, outChannels·rest] of a group. */
function matrixOf(kernel: Kernel, group: number): Float64Array {
  const { outChannels, inChannels, window, taps, groups } = kernel
  const first = window[0]!
  const rest = taps / first
  const values = ofGroup(kernel.values, groups, group)
  const matrix = new Float64Array(values.length)
  for (let m = 0; m < outChannels; m++)
    for (let row = 0; row < inChannels * first; row++) {
      const at = (m * inChannels * first + row) * rest
      matrix.set(values.subarray(at, at + rest), (row * outChannels + m) * rest)
    }
  return matrix
}
