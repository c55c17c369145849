import type { Totals } from '../../cost/index.ts'
import type { Model } from '../../graph/index.ts'
import type { RecoveredStep, Refusal } from '../../prune/index.ts'
import type { Quality } from '../quality.ts'

/** What a target limits. */
export type SlimOf = 'macs' | 'bytes' | 'milliseconds'

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
  /** On the held-out images, on the way. */
  readonly steps: {
    /** Behind the cut. */
    readonly cut: Quality
    /** Behind recovery. */
    readonly recovered: Quality
    /** Behind distillation, where there was any. */
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
  readonly test?: {
    /** As it was given. */
    readonly given: Quality
    /** That of `model`. */
    readonly final: Quality
  }
}

/** What is done, while it goes on. */
export type SlimStage =
  /** The network was judged as it was given. */
  | ({
      readonly kind: 'given'
      /** How many images serve for what. */
      readonly images: Slimmed['images']
      /** The least quality that is good enough, 0..1. */
      readonly floor: number
    } & SlimPoint)
  /** Within a round. */
  | {
      /** What comes behind it is the quality then. */
      readonly kind: 'cut' | 'recovered' | 'distilled'
      /** From 1. */
      readonly round: number
      /** On the held-out images. */
      readonly quality: Quality
    }
  /** A round is done. */
  | ({
      readonly kind: 'round'
      /** From 1. */
      readonly round: number
      /** That are meant to be; smaller steps may come on top. */
      readonly of: number
    } & SlimRound)
