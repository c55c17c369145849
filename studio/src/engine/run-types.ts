import type { OutputSummary } from 'kerf/runtime'
import type { Maps } from './maps.ts'

/** What is run. */
export interface RunWish {
  /** For the first input, which is closed then; otherwise that, as the others, is drawn. */
  readonly image?: ImageBitmap
  readonly threads: number
  /** Draws inputs. */
  readonly seed: number
}

/** What came out. */
export interface RunResult {
  /** Of the second run. */
  readonly timeMs: number
  readonly threads: number
  /** What neither the file nor the input said of how an image becomes an input. */
  readonly assumed: readonly string[]
  readonly inputs: readonly OutputSummary[]
  readonly outputs: readonly OutputSummary[]
}

/** A value as a picture. */
export interface LookedAt extends Maps {
  readonly summary: OutputSummary
}

/** Values of a network, by columns. */
export interface ValueNames {
  readonly names: readonly string[]
  readonly shapes: readonly string[]
  /** The layer that makes it, as it was counted; −1 for inputs. */
  readonly rows: Int32Array
}
