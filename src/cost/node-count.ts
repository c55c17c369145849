import type { Arithmetic } from '../graph/index.ts'

/** Elements of one value that move; bytes are null where the element type is not known. */
export interface Moved {
  readonly elements: number
  readonly bytes: number | null
}

/** What one node costs. Null: not countable, for the reason in `why`. */
export interface NodeCount {
  /** Apart from the rest: only convolutions and linear layers have any, so that it is known of all other operators. */
  readonly macs: number | null
  readonly arithmetic: Arithmetic | null
  /** By name of the value, so that neighbours can be fused: what they pass to each other is then left out. */
  readonly reads: ReadonlyMap<string, Moved> | null
  readonly writes: ReadonlyMap<string, Moved> | null
  readonly why?: string
  /** How it was counted, where that is a choice. */
  readonly note?: string
}
