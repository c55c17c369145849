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
