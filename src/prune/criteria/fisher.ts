import type { Criterion, Saved, ScoredGroup, Scores, ScoringContext } from './criterion.ts'
import { makersOf, products } from './planes.ts'

/*
 * What the loss grows without a channel, to the second order: with the Hessian's diagonal E[g²] (empirical Fisher), or by random directions of the outputs
 * Gauss–Newton's. All layers that make a channel lose it, so that the sum is over theirs before it is squared. The unit is the loss's in every layer.
 */

/** Σ_n (Σ_{h,w} a_c·g_c)², over the layers that make the channel. */
async function fisherScores({ batches, groups, turn }: ScoringContext): Promise<Map<ScoredGroup, Float64Array>> {
  const layers = makersOf({ groups })
  const scores = new Map<ScoredGroup, Float64Array>(groups.map((group) => [group, new Float64Array(group.channels)]))
  for await (const batch of batches(layers, { what: ['activations', 'gradients'] }))
    for (const [group, sums] of scores) {
      await turn()
      const perImage = new Float64Array(batch.images * group.channels)
      for (const layer of group.layers) {
        const { data } = products(batch, layer)
        for (let i = 0; i < data.length; i++) {
          const channel = layer.of[i % layer.channels]!
          const at = Math.floor(i / layer.channels) * group.channels + channel
          if (channel >= 0) perImage[at] = perImage[at]! + data[i]!
        }
      }
      perImage.forEach((sum, i) => {
        sums[i % group.channels] = sums[i % group.channels]! + sum * sum
      })
    }
  return scores
}

const common = {
  source:
    'Theis et al., Faster Gaze Prediction with Dense Networks and Fisher Pruning, 2018; Liu et al., Group Fisher Pruning, ICML 2021',
  needs: 'loss',
} as const

const sum = '\\sum_n \\left( \\sum_{h,w} a_c \\, g_c \\right)^2'

export const fisher: Criterion = { ...common, name: 'fisher', formula: sum, score: fisherScores }

const per =
  (cost: keyof Saved) =>
  async (context: ScoringContext): Promise<Scores> =>
    new Map(
      [...(await fisherScores(context))].map(([group, scores]) => {
        const saved = context.saved(group)[cost]
        return [group, scores.map((s, c) => s / (saved[c] || 1))]
      }),
    )

/** By what a channel costs: the MACs of the layers that make and read it. */
export const fisherMacs: Criterion = {
  ...common,
  name: 'fisher-macs',
  formula: `\\frac{1}{\\mathrm{MACs}_c} ${sum}`,
  score: per('macs'),
}

/** By the bytes of the weights that make and read it. */
export const fisherBytes: Criterion = {
  ...common,
  name: 'fisher-bytes',
  formula: `\\frac{1}{\\mathrm{bytes}_c} ${sum}`,
  score: per('bytes'),
}
