import { squares } from '../../algebra/index.ts'
import type { Criterion, Numbers } from './criterion.ts'

const source = 'Li et al., Pruning Filters for Efficient ConvNets, ICLR 2017'

/** Σ |w| */
export function absolute(row: Numbers): number {
  let sum = 0
  for (let i = 0; i < row.length; i++) sum += Math.abs(row[i]!)
  return sum
}

const magnitudes = (values: ArrayLike<number>) => Float64Array.from(values, Math.abs)

/** Sum of the absolute values of the channel's weights. */
export const l1: Criterion = {
  name: 'l1',
  formula: '\\sum_{w \\in w_c} \\lvert w \\rvert',
  source,
  needs: 'weights',
  score: ({ combined, weights }) => combined((layer) => weights(layer).map(absolute)),
  scoreWeights: magnitudes,
}

/** Square root of the sum of their squares. */
export const l2: Criterion = {
  name: 'l2',
  formula: '\\lVert w_c \\rVert_2',
  source,
  needs: 'weights',
  score: ({ combined, weights }) => combined((layer) => weights(layer).map((row) => Math.sqrt(squares(row)))),
  // The square ranks as the magnitude does.
  scoreWeights: magnitudes,
}

/** The reverse of l2: a negative control, which must come out worse than random. */
export const inverseL2: Criterion = {
  name: 'inverse-l2',
  formula: '-\\lVert w_c \\rVert_2',
  source: '',
  needs: 'weights',
  async score(context) {
    return new Map(
      [...(await l2.score(context))].map(([group, scores]) => [group, Float64Array.from(scores, (s) => -s)]),
    )
  },
  scoreWeights: (values) => Float64Array.from(values, (v) => -Math.abs(v)),
}
