import type { Totals } from '../../cost/index.ts'
import type { Model } from '../../graph/index.ts'
import type { RecoveredStep, Refusal } from '../../prune/index.ts'
import type { Quality } from '../quality.ts'
import type { SlimOf } from './options.ts'

/** What a network costs, and how good it is on the held-out images. */
export interface SlimPoint {
  /** As `profileModel` counts. */
  readonly totals: Totals
  /** Of the tensors that its file stores. */
  readonly bytes: number
  /** Of a run of one image, measured, in milliseconds. */
  readonly timeMs: number
  /** On the held-out images. */
  readonly quality: Quality
}

/** How many channels a group had and has. */
export interface SlimWidth {
  /** That of the first layer that makes them. */
  readonly name: string
  /** The layers whose output channels these are. */
  readonly layers: readonly string[]
  /** Of the given network. */
  readonly before: number
  /** Of this one. */
  readonly after: number
}

/** One cut, and what was made of it. */
export interface SlimRound extends SlimPoint {
  /** What was aimed at, in MACs, bytes or milliseconds. */
  readonly aim: number
  /** What was reached. */
  readonly amount: number
  /** Behind the cut; behind recovery; behind distillation, where there was any. */
  readonly steps: {
    readonly cut: Quality
    readonly recovered?: Quality
    readonly distilled?: Quality
  }
  /** What recovery made of the network. */
  readonly recovery: readonly Pick<RecoveredStep, 'name' | 'kept' | 'outputError'>[]
  /** Of every group. */
  readonly widths: readonly SlimWidth[]
  /** What stays, with the reasons. */
  readonly refused: readonly Refusal[]
  /** Whether quality is within what was allowed: else the network was put aside. */
  readonly isGoodEnough: boolean
}

/** What was to be reached, and what was. */
export interface SlimmedTarget {
  /** What is limited. */
  readonly of: SlimOf
  /** Of the given network. */
  readonly before: number
  /** That was not to be exceeded. */
  readonly limit: number
  /** Of the network that came of it. */
  readonly reached: number
}

/** A smaller network of nearly the same quality, and how it came about. */
export interface Slimmed {
  /** The last network that was good enough. */
  readonly model: Model
  /** What was to be reached. */
  readonly target: SlimmedTarget
  /** Undefined where the target was reached; else why not, in a sentence. */
  readonly ended?: string
  /** The network as it was given. */
  readonly given: SlimPoint
  /** All rounds, also those whose network was put aside, in order. */
  readonly rounds: readonly SlimRound[]
  /** That of `model`. */
  readonly final: SlimRound
  /** How many images served for what. */
  readonly images: {
    /** To change the network by. */
    readonly fit: number
    /** To judge it by: held out. */
    readonly judge: number
  }
  /** Of both networks on the test images, where there are any. */
  readonly test?: { readonly given: Quality; readonly final: Quality }
}

/** What is done, while it goes on. */
export type SlimStage =
  | ({ readonly kind: 'given'; readonly images: Slimmed['images']; readonly floor: number } & SlimPoint)
  | {
      readonly kind: 'cut' | 'recovered' | 'distilled'
      /** From 1. */
      readonly round: number
      readonly quality: Quality
    }
  | ({ readonly kind: 'round'; readonly round: number; readonly of: number } & SlimRound)
