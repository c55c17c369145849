import { KerfError } from '../../base/index.ts'
import type { SparsityMethod } from './method.ts'
import { withoutSmallest } from './smallest-weights.ts'
import { type CommonSparsityOptions, targetsOf } from './targets.ts'

/*
 * s(t) = s_f + (s_i − s_f)·(1 − (t − t₀)/(n·Δt))³  for t ∈ {t₀, t₀ + Δt, …, t₀ + n·Δt}
 *
 * Zhu and Gupta, To prune, or not to prune, 2017, equation 1. In between the zeros stay as they are. Each update takes the smallest magnitudes; what is
 * cut is 0, so that it does not come back.
 */

/** When and how much gradual magnitude pruning cuts. */
export interface GradualMagnitudeOptions extends CommonSparsityOptions {
  /** s_f: the part of the weights that is 0 in the end, in (0, 1). */
  readonly ratio: number
  /** s_i: the part at first; 0 by default. */
  readonly initialRatio?: number
  /** t₀, in steps; 0 by default. */
  readonly begin?: number
  /** Steps: the last update is the last one of the schedule that does not lie behind it. */
  readonly end: number
  /** Δt: steps from one update to the next. */
  readonly every: number
  /** Ranks the weights of all layers together instead of layer by layer; false by default. */
  readonly global?: boolean
}

/** Sparsity at an update. @param step t, one of the schedule's */
export function gradualRatio(step: number, options: GradualMagnitudeOptions): number {
  const { ratio, initialRatio = 0, begin = 0 } = options
  return ratio + (initialRatio - ratio) * (1 - (step - begin) / (lastUpdate(options) - begin)) ** 3
}

/** t₀ + n·Δt. */
const lastUpdate = ({ begin = 0, end, every }: GradualMagnitudeOptions): number =>
  begin + Math.floor((end - begin) / every) * every

function check(options: GradualMagnitudeOptions): void {
  const { begin = 0, end, every } = options
  if (![begin, end, every].every(Number.isSafeInteger) || begin < 0 || every < 1 || end - begin < every)
    throw new KerfError(
      'bad-options',
      `Gradual pruning needs at least one update between its begin and end: it begins with step ${begin}, ends with step ${end}, and an update comes every ${every}. Train longer, or let it update more often.`,
      { begin, end, every },
    )
}

/** Gradual magnitude pruning: more and more of the smallest weights become 0 and stay 0. */
export const gmp: SparsityMethod<GradualMagnitudeOptions> = {
  name: 'gmp',
  rule: 's_t = s_f + (s_i - s_f)\\left(1 - \\frac{t - t_0}{n\\,\\Delta t}\\right)^3',
  source: 'Zhu and Gupta, To prune, or not to prune, 2017',
  averages: true,
  start: (context, options) => {
    check(options)
    const { begin = 0, every, global = false } = options
    const weights = targetsOf(context, options, 'layer')
    const last = lastUpdate(options)
    const update = (step: number) => {
      if (step < begin || step > last || (step - begin) % every !== 0) return
      for (const [name, mask] of withoutSmallest(weights, gradualRatio(step, options), global)) context.hold(name, mask)
    }
    update(0)
    return { afterUpdate: update, settled: (step) => step >= last }
  },
}
