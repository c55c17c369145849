import type { CutTime, PruneProof, PruneWish, TrainedStep } from './prune-types.ts'
import type { SensitivityTold } from './sensitivity.ts'

/** What is kept of a cut: enough to make it again, and what is known of it. Plain data. */
export interface CutRecord {
  readonly wish: PruneWish
  /** Shapes of the inputs that it was made for. */
  readonly inputs: Readonly<Record<string, readonly number[]>>
  /** Which channels of each group stay, by the group's name. */
  readonly survivors: Readonly<Record<string, readonly number[]>>
  readonly warnings: readonly string[]
  readonly proof: PruneProof
  readonly time?: CutTime
  /** Updates of the training that recovered it, thinned. */
  readonly trained: TrainedStep[]
  /** What its groups were measured to bear. */
  readonly bearing: readonly SensitivityTold[]
}

/** Predictions are within so much of what is measured where nothing else was going on. */
const usual = 0.1

/** The part of the time that a cut takes, where it is not the one that was wished for. */
export function missedPart({ wish, time }: CutRecord): string | undefined {
  const { of, part } = wish.amount
  if (!time || of !== 'milliseconds' || Object.keys(wish.widths).length > 0) return undefined
  const measured = time.afterMs / time.beforeMs
  return Math.abs(measured - part) <= usual * part ? undefined : `${Math.round(100 * measured)} %`
}
