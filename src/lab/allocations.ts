import { KerfError, type Task } from '../base/index.ts'
import type { Model } from '../graph/index.ts'
import {
  networkToTime,
  type PruneOptions,
  type PruneResult,
  predictedMs,
  pruneModel,
  type TimeTable,
} from '../prune/index.ts'
import type { Quality, Sensitivity } from '../workflow/index.ts'

/*
 * Ways to say how many channels each group keeps, for the same time: all ask the same criterion which.
 */

export interface Allocating extends Task {
  readonly model: Model
  readonly times: TimeTable
  /** Of the time, in (0, 1). */
  readonly part: number
  readonly criterion: string
  readonly seed: number
  /** What each group bears, for the way of that name. */
  readonly bears: Sensitivity
}

export interface Allocation {
  readonly name: string
  /** For people. */
  readonly what: string
  cut(given: Allocating): Promise<PruneResult>
}

const pruning = ({ criterion, seed, signal }: Allocating): PruneOptions => ({ criterion, seed, signal })

const inTime = (allocate: 'uniform' | 'cost') => (given: Allocating) =>
  pruneModel(given.model, {
    ...pruning(given),
    target: { of: 'milliseconds', part: given.part, times: given.times, allocate },
  })

/** Halvings of what is searched: to a thousandth. */
const halvings = 10

/**
 * The cut with the least `amount` in (0, 1) that is within the time. What is faster with less needs no more; where a cut cannot be made, more is asked.
 * @throws KerfError `unreachable-target`
 */
async function least(given: Allocating, cutTo: (amount: number) => Promise<PruneResult>): Promise<PruneResult> {
  const whole = predictedMs(networkToTime(given.model, {}), given.times)
  let [low, high, best] = [0, 1, undefined as PruneResult | undefined]
  for (let i = 0; i < halvings; i++) {
    const middle = (low + high) / 2
    const made = await cutTo(middle).catch((error: unknown) => {
      if (error instanceof KerfError && ['nothing-to-prune', 'unreachable-target'].includes(error.code)) return error
      throw error
    })
    const isCut = !(made instanceof KerfError)
    const isWithin = isCut
      ? predictedMs(networkToTime(made.model, {}), given.times) <= given.part * whole
      : made.code === 'unreachable-target'
    if (isWithin) high = middle
    else low = middle
    if (isCut && isWithin) best = made
  }
  if (best) return best
  throw new KerfError('unreachable-target', 'No widths of this kind are within the time. Ask for more time.')
}

/** The most that goes of each group before more than `drop` of the quality is lost: of the accuracy; without labels of the outputs, since few images agree in few steps. */
function widthsAt({ given, groups }: Sensitivity, drop: number): Map<string, number> {
  const worthOf = ({ accuracy, outputError }: Quality) => accuracy ?? 1 - Math.min(1, outputError)
  const floor = worthOf(given) - drop
  return new Map(
    groups.map(({ name, channels, points }) => {
      let kept = channels
      // Behind the first ratio that costs too much a better one is chance.
      for (const point of points) {
        if (worthOf(point.quality) < floor) break
        kept = point.kept
      }
      return [name, kept]
    }),
  )
}

export const allocations: readonly Allocation[] = [
  { name: 'uniform', what: 'the same part of every group', cut: inTime('uniform') },
  {
    name: 'sensitivity',
    what: 'of every group as much as costs the same quality by itself',
    cut: (given) =>
      least(given, (drop) => pruneModel(given.model, { ...pruning(given), widths: widthsAt(given.bears, drop) })),
  },
  {
    name: 'macs',
    what: 'the most of the scores, by what channels cost in MACs',
    cut: (given) =>
      least(given, (less) =>
        pruneModel(given.model, { ...pruning(given), target: { of: 'macs', part: 1 - less, allocate: 'cost' } }),
      ),
  },
  { name: 'time', what: 'the most of the scores, by measured time', cut: inTime('cost') },
]
