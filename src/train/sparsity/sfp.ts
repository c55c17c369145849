import { KerfError } from '../../base/index.ts'
import { type Channels, channelsOf, eachRun, holdChannels, smallChannels, smallestChannels } from './channels.ts'
import type { SparsityMethod } from './method.ts'
import type { CommonSparsityOptions } from './targets.ts'

/*
 * Every so often (after every epoch, in the paper) the filters of least L2 norm are set to 0; they go on learning as all others do, so that another choice
 * may be made the next time.
 *
 * He et al., Soft Filter Pruning for Accelerating Deep Convolutional Neural Networks, IJCAI 2018, algorithm 1. Where an end is given, the last choice is for
 * good: from then on everything of these channels is 0, biases and normalisation too, so that a cut changes nothing.
 */

/** When and how many filters become 0. */
export interface SoftFilterOptions extends CommonSparsityOptions {
  /** Part of the channels of each group, in (0, 1). */
  readonly ratio: number
  /** Steps from one choice to the next: those of an epoch, in the paper. */
  readonly every: number
  /** Steps before the first choice is due; 0 by default. */
  readonly begin?: number
  /** In steps: from here on the choice stays. By default it never does. */
  readonly end?: number
}

/** Soft filter pruning: small filters are set to 0 again and again, and may come back. */
export const sfp: SparsityMethod<SoftFilterOptions> = {
  name: 'sfp',
  rule: 'w_c \\leftarrow 0 \\text{ for the } \\rho C \\text{ channels of least } \\lVert w_c \\rVert_2',
  source: 'He et al., Soft Filter Pruning, IJCAI 2018',
  averages: false,
  start: (context, options) => {
    const { ratio, every, begin = 0, end = Infinity } = options
    if (!Number.isSafeInteger(begin) || begin < 0 || !Number.isSafeInteger(every) || every < 1 || end <= begin)
      throw new KerfError(
        'bad-options',
        `Soft filter pruning begins with step ${begin}, chooses every ${every} steps, and ends with step ${end}: give whole numbers, the end behind the begin.`,
        { begin, every, end },
      )
    const all = channelsOf(context, options)
    const isDue = (step: number) => step > begin && step < end && (step - begin) % every === 0
    return {
      afterUpdate: (step) => {
        if (isDue(step)) for (const channels of all) clear(channels, smallestChannels(channels, ratio, 2))
        if (step === end) holdChannels(context, new Map(all.map((c) => [c, smallestChannels(c, ratio, 2)])))
      },
      // In between the filters are on their way back.
      settled: (step) => (end === Infinity ? isDue(step) : step >= end),
      metrics: () => smallChannels(all, (member) => member.role === 'makes'),
    }
  },
}

/** Filters of these channels become 0: the weights of the layers that make them. */
function clear({ members }: Channels, gone: readonly number[]): void {
  const isGone = new Set(gone)
  for (const member of members) {
    if (member.role !== 'makes') continue
    const { value } = member.weight
    eachRun(member, (channel, start, end) => {
      if (isGone.has(channel)) value.fill(0, start, end)
    })
  }
}
