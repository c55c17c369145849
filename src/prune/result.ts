import type { Profile, Totals } from '../cost/index.ts'
import type { Analysis, Model } from '../graph/index.ts'
import type { BudgetReport } from './budget/target.ts'
import type { Refusal, ShrunkTensor } from './groups.ts'

/* What pruning gives: a file of its own, since recovery takes it, and allocation by what outputs lose takes recovery. */

/** A node that gives other numbers in the cut network than in the masked one. */
export interface InexactNode {
  /** Its name, or that of its first output. */
  readonly node: string
  /** What it calculates over channels, as part of a sentence. */
  readonly why: string
  /** How many of the channels go that it works over. */
  readonly removed: number
  /** Over how many it worked. */
  readonly channels: number
}

/** One group of channels that can only go together, and what became of it. */
export interface GroupReport {
  /** That of the first layer that makes them, made different from all others: `ChannelGroup.name`. */
  readonly name: string
  /** The layers whose output channels these are. */
  readonly layers: readonly string[]
  /** How many there were. */
  readonly channels: number
  /** How many stay. */
  readonly kept: number
  /** Every stored tensor that shrinks with it, with the axis. */
  readonly tensors: readonly ShrunkTensor[]
  /** Every node that the channels pass. */
  readonly nodes: readonly string[]
}

/** A pruned network, and what became of it. */
export interface PruneResult {
  /** The cut network. */
  readonly model: Model
  /** Of the given network, as they were counted. */
  readonly layers: Profile['layers']
  /** The network with the same channels masked, in the old shapes. Absent for `weight` and `nm`, where it would be the result itself. */
  readonly masked: Model | undefined
  /** What is known of the network before the cut. The masked one has the same values, of the same shapes. */
  readonly analysis: Analysis
  /** Per graph output the indices that survive, by axis, where outputs shrank. */
  readonly outputs: ReadonlyMap<string, ReadonlyMap<number, Int32Array>>
  /**
   * Which indices of an axis of a value survive, in the numbers of the given network; undefined where all do.
   * @internal
   */
  readonly kept: (value: string, axis: number) => Int32Array | undefined
  /** What the given network costs. Where `partial` names sums, something of the network is not counted in them. */
  readonly before: Totals
  /** The same of the cut one. */
  readonly after: Totals
  /** What is not counted in them. */
  readonly unsupported: Profile['unsupported']
  /** What could go, and how much of it went. */
  readonly groups: readonly GroupReport[]
  /** Of each group by its name, which of its channels stay: ascending, in the order of `ChannelGroup.classes`. Empty where single weights or inputs go. */
  readonly survivors: ReadonlyMap<string, Int32Array>
  /** What stays, with the reasons. */
  readonly refused: readonly Refusal[]
  /** Where the cut network is another than the masked one. Empty unless that was allowed. */
  readonly inexact: readonly InexactNode[]
  /** Sentences for the user: that much less goes than was asked for, and why. */
  readonly warnings: readonly string[]
  /** The part of the channels that was removed, where a target asked for it and took the same of all. */
  readonly ratio: number | undefined
  /** What became of the target. */
  readonly budget?: BudgetReport
}
