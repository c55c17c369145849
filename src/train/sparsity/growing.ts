import { KerfError } from '../../base/index.ts'
import type { NamedArrays } from '../optimisers/state.ts'
import {
  type Channels,
  channelsOf,
  holdChannels,
  isPenalised,
  shrink,
  smallChannels,
  smallestChannels,
} from './channels.ts'
import type { SparsityMethod } from './method.ts'
import { checkPenalty } from './slimming.ts'
import type { CommonSparsityOptions } from './targets.ts'

/*
 * Chosen when it begins: of each group of channels those whose filters have the least L1 norm. For them alone
 *   g_w ← g_w + λ·w,    λ(t) = min(τ, δ·(1 + ⌊(t − t₀)/K⌋))
 * At the end they are 0 for good, and the rest of the training recovers.
 *
 * Wang et al., Neural Pruning via Growing Regularization, ICLR 2021, algorithm 1 (GReg-1). There the filters alone are penalised; here all weights and
 * scales that shrink with a channel are, so that groups through residual connections can go.
 */

/** How the penalty grows. */
export interface GrowingOptions extends CommonSparsityOptions {
  /** Part of the channels of each group that is to go, in (0, 1). */
  readonly ratio: number
  /** δ, what the penalty grows by. */
  readonly increment: number
  /** K: steps from one increment to the next. */
  readonly every: number
  /** τ, the largest penalty; 1 by default. */
  readonly limit?: number
  /** t₀, in steps; 0 by default. */
  readonly begin?: number
  /** In steps: the chosen channels become 0 for good. */
  readonly end: number
}

/** λ behind so many steps. */
export function grownPenalty(step: number, { increment, every, limit = 1, begin = 0 }: GrowingOptions): number {
  return step < begin ? 0 : Math.min(limit, increment * (1 + Math.floor((step - begin) / every)))
}

/** Growing regularisation: the channels that are to go shrink under a penalty that grows. */
export const growing: SparsityMethod<GrowingOptions> = {
  name: 'growing-regularisation',
  rule: 'g_w \\leftarrow g_w + \\lambda_t w,\\ \\lambda_t = \\min(\\tau, \\delta (1 + \\lfloor (t - t_0) / K \\rfloor))',
  source: 'Wang et al., Neural Pruning via Growing Regularization, ICLR 2021',
  averages: true,
  start: (context, options) => {
    const { ratio, begin = 0, end, increment, every, limit = 1 } = options
    for (const penalty of [increment, limit]) checkPenalty(penalty)
    if (![begin, end, every].every(Number.isSafeInteger) || begin < 0 || every < 1 || end <= begin)
      throw new KerfError(
        'bad-options',
        `Growing regularisation needs steps between its begin and end: it begins with step ${begin}, ends with step ${end}, and grows every ${every}.`,
        { begin, end, every },
      )
    const all = channelsOf(context, options)
    const chosen = new Map<Channels, readonly number[]>()
    const choose = (step: number) => {
      if (step === begin) for (const channels of all) chosen.set(channels, smallestChannels(channels, ratio, 1))
    }
    choose(0)
    return {
      beforeUpdate: (gradientOf, step) => {
        if (step < begin || step >= end) return
        const penalty = grownPenalty(step, options)
        for (const [channels, gone] of chosen) {
          const factors = new Float64Array(channels.count)
          for (const channel of gone) factors[channel] = penalty
          shrink(channels.members.filter(isPenalised), factors, gradientOf)
        }
      },
      afterUpdate: (step) => {
        choose(step)
        if (step === end) holdChannels(context, chosen)
      },
      settled: (step) => step >= end,
      metrics: () => smallChannels(all),
      exportState: () => new Map([...chosen.values()].map((gone, i) => [`chosen/${i}`, Float64Array.from(gone)])),
      importState: (state: NamedArrays) => {
        chosen.clear()
        for (const [i, channels] of all.entries()) {
          const gone = state.get(`chosen/${i}`)
          if (gone) chosen.set(channels, [...gone])
        }
      },
    }
  },
}
