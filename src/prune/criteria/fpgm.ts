import type { Criterion, Numbers } from './criterion.ts'

/** How far a channel's weights are from those of the others: what the others can stand in for goes. */
export const fpgm: Criterion = {
  name: 'fpgm',
  formula: '\\sum_j \\lVert w_c - w_j \\rVert_2',
  source: 'He et al., Filter Pruning via Geometric Median, CVPR 2019',
  needs: 'weights',
  score: ({ combined, weights, turn }) =>
    combined(async (layer) => {
      const rows = weights(layer)
      const sums = new Float64Array(rows.length)
      for (let i = 0; i < rows.length; i++) {
        await turn()
        for (let j = 0; j < i; j++) {
          const far = distance(rows[i]!, rows[j]!)
          sums[i] = sums[i]! + far
          sums[j] = sums[j]! + far
        }
      }
      return sums
    }),
}

function distance(a: Numbers, b: Numbers): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) {
    const d = a[i]! - b[i]!
    sum += d * d
  }
  return Math.sqrt(sum)
}
