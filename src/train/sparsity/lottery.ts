import { KerfError } from '../../base/index.ts'
import type { NamedArrays } from '../optimisers/state.ts'
import type { Schedule } from '../schedules/schedule.ts'
import type { LiveTensor, SparsityMethod } from './method.ts'
import { withoutSmallest } from './smallest-weights.ts'
import { type CommonSparsityOptions, targetsOf } from './targets.ts'

/*
 * Train; cut the smallest weights; set all others, and running statistics, back to what they were at step k; train again. After r of R rounds
 * 1 − (1 − ratio)^(r/R) of the weights are 0: every round takes the same part of what is left.
 *
 * Frankle and Carbin, The Lottery Ticket Hypothesis, ICLR 2019 (k = 0); Frankle et al., Linear Mode Connectivity and the Lottery Ticket Hypothesis, ICML
 * 2020 (k > 0). What follows on a rewinding is the training from step k: the same learning rates, an optimiser without memory.
 */

/** How often is cut, how much, and how far training goes back. */
export interface LotteryOptions extends CommonSparsityOptions {
  /** Part of the weights that is 0 in the end, in (0, 1). */
  readonly ratio: number
  /** R: how often is cut and rewound; 1 by default. */
  readonly rounds?: number
  /** k, in steps; 0 by default. */
  readonly rewindTo?: number
  /** Steps before the first cut. From one cut to the next there are `rewindTo` fewer. */
  readonly roundSteps: number
  /** Ranks the weights of all layers together instead of layer by layer; false by default. */
  readonly global?: boolean
}

/** When a network of a training is cut and rewound. */
export type Rounds = Required<Pick<LotteryOptions, 'rounds' | 'rewindTo' | 'roundSteps'>>

/** The longest rounds that a training has steps for. */
export const roundsIn = (totalSteps: number, rounds: number, rewindTo: number): Rounds => ({
  ...{ rounds, rewindTo },
  roundSteps: Math.floor((totalSteps + rounds * rewindTo) / (rounds + 1)),
})

/** Which cut comes behind this step, from 1; undefined for none. */
export function cutBehind(step: number, { rounds, rewindTo, roundSteps }: Rounds): number | undefined {
  const cut = 1 + (step - roundSteps) / (roundSteps - rewindTo)
  return Number.isInteger(cut) && cut >= 1 && cut <= rounds ? cut : undefined
}

/** Learning rates of the steps that are gone through: behind a cut those from `rewindTo` on, again. */
export function rewoundSchedule(
  schedule: Schedule,
  roundsOf: (totalSteps: number, stepsPerEpoch: number) => Rounds,
): Schedule {
  return (step, totalSteps, stepsPerEpoch) => {
    const { rounds, rewindTo, roundSteps } = roundsOf(totalSteps, stepsPerEpoch)
    const length = roundSteps - rewindTo
    const done = Math.min(rounds, Math.max(0, Math.floor((step - rewindTo) / length)))
    // What division leaves over is behind the last round.
    return schedule(Math.min(step - done * length, roundSteps - 1), roundSteps, stepsPerEpoch)
  }
}

/** Lottery tickets: train, cut, rewind. */
export const lottery: SparsityMethod<LotteryOptions> = {
  name: 'lottery-ticket',
  rule: 'w \\leftarrow m \\odot w^{(k)}',
  source: 'Frankle et al., Linear Mode Connectivity and the Lottery Ticket Hypothesis, ICML 2020',
  averages: false,
  start: (context, options) => {
    const { ratio, global = false } = options
    const rounds: Rounds = { ...options, rounds: options.rounds ?? 1, rewindTo: options.rewindTo ?? 0 }
    check(rounds)
    const targets = targetsOf(context, options, 'layer')
    const tensors: readonly LiveTensor[] = [...context.weights, ...context.statistics]
    const saved = new Map<string, Float32Array>()
    const save = (step: number) => {
      if (step === rounds.rewindTo) for (const { name, value } of tensors) saved.set(name, value.slice())
    }
    save(0)
    return {
      afterUpdate: (step) => {
        save(step)
        const cut = cutBehind(step, rounds)
        if (cut === undefined) return
        const masks = withoutSmallest(targets, 1 - (1 - ratio) ** (cut / rounds.rounds), global)
        for (const { name, value } of tensors) value.set(saved.get(name)!)
        for (const [name, mask] of masks) context.hold(name, mask)
        context.restart()
      },
      settled: (step) => step >= rounds.rewindTo + rounds.rounds * (rounds.roundSteps - rounds.rewindTo),
      exportState: () => new Map([...saved].map(([name, values]) => [`rewound/${name}`, values])),
      importState: (state: NamedArrays) => {
        saved.clear()
        for (const { name } of tensors) {
          const values = state.get(`rewound/${name}`)
          if (values instanceof Float32Array) saved.set(name, values.slice())
        }
      },
    }
  },
}

/** @throws KerfError `bad-options` */
function check({ rounds, rewindTo, roundSteps }: Rounds): void {
  if (
    [rounds, rewindTo, roundSteps].every(Number.isSafeInteger) &&
    rounds >= 1 &&
    rewindTo >= 0 &&
    roundSteps > rewindTo
  )
    return
  throw new KerfError(
    'bad-options',
    `Rewinding needs steps behind the one that it goes back to: ${rounds} rounds of ${roundSteps} steps, back to step ${rewindTo}. Train longer, or go back further.`,
    { rounds, rewindTo, roundSteps },
  )
}
