import { type Channels, channelsOf, isPenalised, shrink, smallChannels, squaresOf } from './channels.ts'
import type { SparsityMethod } from './method.ts'
import { checkPenalty } from './slimming.ts'
import type { CommonSparsityOptions } from './targets.ts'

/*
 * Of every group of channels, with I_k the norm of all weights and scales that shrink with channel k:
 *   γ_k = 2^(α·(I_max − I_k)/(I_max − I_min)),    g_w ← g_w + λ·γ_k·w  for every weight w of channel k
 *
 * Fang et al., DepGraph, CVPR 2023, equation 4 with the norms of their code: the smaller a channel is, the harder it is pulled, up to 2^α times. Where
 * all are equal γ is 1. A weight that one group's channels make and another's read is pulled for both.
 */

/** How hard channels are pulled towards 0. */
export interface GroupSparsityOptions extends CommonSparsityOptions {
  /** λ; 0.0001 by default. */
  readonly penalty?: number
  /** α: the smallest channel of a group is pulled 2^α times as hard as the largest; 4 by default. */
  readonly contrast?: number
  /** Steps behind which the network may be chosen as the best one: channels are small only then. 0 by default. */
  readonly settled?: number
}

/** γ of each channel, from the norms of all that is its. */
export function contrastsOf(norms: Float64Array, contrast: number): Float64Array {
  const [most, least] = [norms.reduce((a, b) => Math.max(a, b), 0), norms.reduce((a, b) => Math.min(a, b), Infinity)]
  return norms.map((n) => (most > least ? 2 ** ((contrast * (most - n)) / (most - least)) : 1))
}

/** Group sparsity: everything that shrinks together is pulled to 0 together, small channels harder. */
export const groupSparsity: SparsityMethod<GroupSparsityOptions> = {
  name: 'group-sparsity',
  rule: 'g_w \\leftarrow g_w + \\lambda\\,2^{\\alpha\\frac{I_{max} - I_k}{I_{max} - I_{min}}}\\,w',
  source: 'Fang et al., DepGraph: Towards Any Structural Pruning, CVPR 2023',
  averages: true,
  start: (context, options) => {
    const { penalty = 1e-4, contrast = 4, settled = 0 } = options
    checkPenalty(penalty)
    const all = channelsOf(context, options)
    const pull = (channels: Channels): Float64Array => {
      const norms = squaresOf(channels, channels.members.filter(isPenalised)).map(Math.sqrt)
      return contrastsOf(norms, contrast).map((gamma) => penalty * gamma)
    }
    return {
      beforeUpdate: (gradientOf) => {
        for (const channels of all) shrink(channels.members.filter(isPenalised), pull(channels), gradientOf)
      },
      settled: (step) => step >= settled,
      metrics: () => smallChannels(all),
    }
  },
}
