import type { Totals } from 'kerf'
import type { Allocation, Criterion } from 'kerf/prune'
import type { qualityName } from 'kerf/workflow'
import type { JobKind } from '../kept-jobs.ts'

/** Which channels go: of convolutions, or of linear layers. */
export type ChannelKind = 'filter' | 'neuron'

/** How much is to go. `ratio`: the part of each group's channels that goes; the others: the part of the network's that stays. */
export type PruneAmount = { readonly of: 'ratio' | 'macs' | 'params' | 'milliseconds'; readonly part: number }

/** What is to be cut. */
export interface PruneWish {
  readonly kinds: readonly ChannelKind[]
  /** Of `criteria`, by its name. */
  readonly criterion: string
  /** For criteria that ask one: of labels, or of the network's own outputs. */
  readonly loss: 'labels' | 'outputs'
  readonly amount: PruneAmount
  /** Whether the channels of all groups are ranked together. */
  readonly global: boolean
  /** How an amount that stays chooses widths; undefined: as the library does it where nothing is said. */
  readonly allocate?: Allocation
  /** How many channels of a group stay, by its name, where that is said by hand. */
  readonly widths: Readonly<Record<string, number>>
  /** Groups that stay whole, by their names. */
  readonly locked: readonly string[]
}

/** Whether widths are chosen by what the outputs lose, which is measured on pictures. */
export const asksOutputs = ({ allocate, amount }: PruneWish): boolean => allocate === 'outputs' && amount.of !== 'ratio'

/** A group of channels that can only go together. */
export interface PreviewGroup {
  readonly name: string
  /** Those that make them. */
  readonly layers: readonly string[]
  readonly channels: number
  readonly kept: number
}

/** What a cut would make of the network. */
export interface PrunePreview {
  /** What would be done: of what was free to choose, the engine's choice. */
  readonly wish: PruneWish
  readonly before: Totals
  readonly after: Totals
  readonly groups: readonly PreviewGroup[]
  /** What cannot be cut, and why. */
  readonly refused: readonly { readonly node: string; readonly why: string }[]
  readonly warnings: readonly string[]
  /** What a run takes, as measured times of layers predict it; undefined where none were measured. */
  readonly time?: PredictedCut
  /** What does the same on the command line. */
  readonly command: string
}

/** Predictions for the network and its cut, in milliseconds. */
export interface PredictedCut {
  readonly beforeMs: number
  readonly afterMs: number
}

/** What was measured of a cut, beside what had been predicted, in milliseconds. */
export interface CutTime extends PredictedCut {
  readonly predictedMs: number
}

/** That the cut network does what the masked one does. */
export interface PruneProof {
  /** Undefined where it was not run. */
  readonly maxRelDiff?: number
  readonly allowed?: number
  readonly why?: string
}

/** A criterion that can be chosen. */
export interface CriterionChoice {
  readonly name: string
  readonly source: string
  readonly needs: Criterion['needs']
}

/** How far recovery is. */
export interface RecoveryState {
  readonly what: string
  readonly done: number
  readonly total?: number
}

/** How a cut is recovered. */
export interface RecoverWish {
  /** `auto`: what is of use and can be afforded; `solve`: layers are solved for; `train`: then the network learns from the one that it was, too. */
  readonly steps: 'auto' | 'solve' | 'train'
  /** How often training sees the pictures. */
  readonly epochs: number
  readonly threads: number
}

/** An update of training. */
export interface TrainedStep {
  /** How many are done, of so many. */
  readonly step: number
  readonly steps: number
  readonly epoch: number
  /** Of this update, and of the epoch so far. */
  readonly loss: number
  readonly meanLoss: number
}

/** Recoveries that are kept: the marker names the network and the cut. */
export const recoveryJobs: JobKind = { folder: 'recovery', marker: 'recovery.json' }

/** A recovery that is kept, under way. */
export interface KeptRecovery {
  /** Of the cut that it is of. */
  readonly key: string
  /** Of the cut. */
  readonly title: string
  /** Of the network's file. */
  readonly name: string
  readonly what: string
  /** That is done, 0..1. */
  readonly part: number
}

/** The most that goes within a limit, which was found. */
export interface FoundWithin {
  /** What asks for the same cut. */
  readonly amount: PruneAmount
  /** What quality is, of the cut, recovered by solving for layers, and of the network before: on so many pictures that nothing else saw. */
  readonly quality: ReturnType<typeof qualityName>
  readonly reached: number
  readonly given: number
  readonly outputError: number
  readonly images: number
}
