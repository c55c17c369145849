import { KerfError } from '../../base/index.ts'
import type { SparsityMethod } from './method.ts'
import { type CommonSparsityOptions, targetsOf } from './targets.ts'

/*
 * L = L_labels + λ·Σ|γ|, over the scales γ of BatchNormalization, so that
 * g_γ ← g_γ + λ·sign(γ), 0 at γ = 0.
 *
 * Liu et al., Learning Efficient Convolutional Networks through Network Slimming, ICCV 2017. A channel whose γ becomes small is cut afterwards.
 */

/** How hard the scales are pulled towards 0. */
export interface SlimmingOptions extends CommonSparsityOptions {
  /** λ; 0.0001 by default. */
  readonly penalty?: number
  /** Steps behind which the network may be chosen as the best one: the scales are small only then. 0 by default. */
  readonly settled?: number
}

/** Network slimming: the scales of channels that matter little become small. */
export const slimming: SparsityMethod<SlimmingOptions> = {
  name: 'slimming',
  rule: 'g_\\gamma \\leftarrow g_\\gamma + \\lambda\\,\\operatorname{sign}(\\gamma)',
  source: 'Liu et al., Network Slimming, ICCV 2017',
  averages: true,
  start: (context, options) => {
    const { penalty = 1e-4, settled = 0 } = options
    checkPenalty(penalty)
    const scales = targetsOf(context, options, 'scale')
    return {
      beforeUpdate: (gradientOf) => {
        for (const { name, value } of scales) {
          const gradient = gradientOf(name)
          for (let i = 0; i < value.length; i++) gradient[i] = gradient[i]! + penalty * Math.sign(value[i]!)
        }
      },
      settled: (step) => step >= settled,
      metrics: () => {
        const values = scales.flatMap(({ value }) => [...value])
        return { smallChannels: values.filter((g) => Math.abs(g) < 0.01).length / values.length }
      },
    }
  },
}

/** @throws KerfError `bad-options` */
export function checkPenalty(penalty: number): void {
  if (!(penalty > 0 && Number.isFinite(penalty)))
    throw new KerfError('bad-options', `A penalty of sparsity is a number greater than 0. Received ${penalty}.`, {
      penalty,
    })
}
