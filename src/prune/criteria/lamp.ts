import { squares } from '../../algebra/index.ts'
import type { Criterion } from './criterion.ts'

/**
 * What part of its layer a channel is, of what is left when all smaller ones are gone. Layers of one channel have 1, so that the scores of different layers
 * compare as they are; in one layer they rank as l2 does.
 */
export const lamp: Criterion = {
  name: 'lamp',
  formula:
    '\\frac{\\lVert w_c \\rVert^2}{\\sum_{j: \\lVert w_j \\rVert \\ge \\lVert w_c \\rVert} \\lVert w_j \\rVert^2}',
  source: 'Lee et al., Layer-Adaptive Sparsity for the Magnitude-Based Pruning, ICLR 2021',
  needs: 'weights',
  ranking: 'global',
  score({ groups, summed, weights }) {
    const sums = summed((layer) => shares(weights(layer).map(squares)))
    const counts = summed((layer) => new Float64Array(layer.channels).fill(1))
    return new Map(groups.map((group) => [group, sums.get(group)!.map((s, c) => s / (counts.get(group)![c] || 1))]))
  },
}

function shares(values: readonly number[]): Float64Array {
  const order = [...values.keys()].sort((a, b) => values[b]! - values[a]!)
  const found = new Float64Array(values.length)
  let sum = 0
  for (let from = 0; from < order.length; ) {
    // Equal ones are in each other's sums.
    let to = from
    for (; to < order.length && values[order[to]!] === values[order[from]!]; to++) sum += values[order[to]!]!
    for (; from < to; from++) found[order[from]!] = sum === 0 ? 0 : values[order[from]!]! / sum
  }
  return found
}
