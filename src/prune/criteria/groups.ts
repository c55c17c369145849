import { squares } from '../../algebra/index.ts'
import type { Criterion } from './criterion.ts'

/**
 * The norm of all weights that go with a channel: those that make it, those that read it, and the factors of its normalisations. Divided by its mean over the
 * group, as layers of different scale are ranked together.
 */
export const groupL2: Criterion = {
  name: 'group-l2',
  formula: '\\sqrt{\\textstyle\\sum_{\\text{group}} \\lVert w_c \\rVert^2 + \\lVert v_c \\rVert^2 + \\gamma_c^2}',
  source: 'Fang et al., DepGraph: Towards Any Structural Pruning, CVPR 2023',
  needs: 'weights',
  score({ summed, weights }) {
    const sums = summed(
      (layer) => weights(layer).map(squares),
      // A layer whose inputs are ranked makes and reads them with the same weights.
      ({ layers, readers, normalisations }) => [...new Set([...layers, ...readers, ...normalisations])],
    )
    return new Map([...sums].map(([group, values]) => [group, byMean(values.map(Math.sqrt))]))
  },
}

/** Divided by their mean. */
function byMean(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length || 1
  return values.map((v) => v / mean)
}

/** The factor by which a normalisation lets a channel through. */
export const bnScale: Criterion = {
  name: 'bn-scale',
  formula: '\\lvert \\gamma_c \\rvert',
  source: 'Liu et al., Learning Efficient Convolutional Networks through Network Slimming, ICCV 2017',
  needs: 'weights',
  score: ({ combined, weights }) =>
    combined(
      (layer) => weights(layer).map(([scale]) => Math.abs(scale!)),
      ({ normalisations }) => normalisations,
    ),
}
