import type { Totals } from 'kerf'
import type { RecoveredStep } from 'kerf/prune'
import type { CostChange, TimeChange } from 'kerf/workflow'

/** Something that a rewrite lets be set. */
export interface SwapSetting {
  readonly name: string
  /** What it says: `branches for each layer`. */
  readonly what: string
  /** Which values it takes; undefined: on or off. */
  readonly takes?: string
  /** What it is where nobody sets it; empty: nothing. */
  readonly default: string
}

/** Something that layers can become. */
export interface SwapKind {
  readonly name: string
  readonly title: string
  readonly summary: string
  readonly source: string
  readonly settings: readonly SwapSetting[]
  /** Whether it comes in several sizes, among which a target chooses. */
  readonly isSized: boolean
  /** Whether the new layers do nearly what the old ones did. */
  readonly approximates: boolean
}

/** What says how large layers become: the settings alone, or a target. */
export type SwapAmount =
  | { readonly of: 'settings' }
  /** The part of each layer's ‖W‖² that stays at least; of the network's MACs at most. */
  | { readonly of: 'energy' | 'macs'; readonly part: number }
  /** How many times as fast a run is to be, measured. */
  | { readonly of: 'time'; readonly factor: number }

/** What is to be swapped. */
export interface SwapWish {
  /** The name of a `SwapKind`. */
  readonly kind: string
  /** As texts, by their names; those that nobody sets are not there. */
  readonly settings: Readonly<Record<string, string>>
  readonly amount: SwapAmount
  /** Names of layers; undefined: those that the rewrite takes unasked. */
  readonly layers?: readonly string[]
}

/** A layer, and what would become of it. */
export interface SwapLayer {
  readonly name: string
  /** Why it stays; undefined: it is swapped. */
  readonly why?: string
  /** Whether it can be chosen. */
  readonly canSwap: boolean
  /** Whether it is taken where nobody names layers. */
  readonly isUsual: boolean
}

/** A layer that is swapped. */
export interface SwapRow {
  readonly name: string
  readonly cost: CostChange
  /** ‖W − W′‖ ÷ ‖W‖. */
  readonly weightError?: number
  /** What the rewrite says of it, by the headers of `SwapOutcome.facts`. */
  readonly facts: readonly string[]
  /** ‖difference‖ ÷ ‖output‖ of the layer on pictures that nothing was fitted to, before and after least squares. */
  readonly outputError?: { readonly before: number; readonly after: number }
  readonly time?: TimeChange
}

/** What a swap does to a network, or did. */
export interface SwapOutcome {
  readonly before: Totals
  readonly after: Totals
  readonly facts: readonly string[]
  readonly rows: readonly SwapRow[]
  /** What was fitted on pictures did to the outputs. */
  readonly recovery?: readonly RecoveredStep[]
  /** On what means and variances were measured. */
  readonly statistics: 'data' | 'noise' | 'kept'
  readonly time?: TimeChange
}

/** What would be swapped. */
export interface SwapPreview {
  /** What would be done: of what was free to choose, the engine's choice. */
  readonly wish: SwapWish
  /** The part of the MACs that stays where everything is swapped as far as it goes; undefined where a target was met that nobody had to move. */
  readonly least?: number
  readonly layers: readonly SwapLayer[]
  /** Undefined where nothing can be said before it is done, or where there is a problem. */
  readonly outcome?: SwapOutcome
  /** As the library says it. */
  readonly problem?: string
  /** The library's code of the problem. */
  readonly code?: string
  /** What does the same on the command line. */
  readonly command: string
}

/** How a swap is done. */
export interface SwapWork {
  /** Whether it looks at the pictures of the page, where there are any. */
  readonly pictures: boolean
  /** Whether the network and every layer are timed before and after. */
  readonly timed: boolean
}

/** How far long work is. */
export interface WorkState {
  readonly what: string
  readonly done: number
  readonly total?: number
}
