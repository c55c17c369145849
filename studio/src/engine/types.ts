import type { Profile, Totals } from 'kerf'

/** How a model is counted. */
export interface RecountOptions {
  /** Shapes of inputs by their names; the file's where they are not given. */
  readonly inputs?: Readonly<Record<string, readonly number[]>>
  /** Layers as they run: activations and normalisation with the layer in front of them. */
  readonly fused?: boolean
}

/** The counts that layers have as columns. */
export const countColumns = ['macs', 'params', 'adds', 'muls', 'reads', 'writes', 'bytesRead', 'bytesWritten'] as const

/** One of `countColumns`. */
export type CountColumn = (typeof countColumns)[number]

/** Layers by columns: 10,000 of them cross to the page in a millisecond. A row's number is the layer's name everywhere in the page. */
export interface LayerTable {
  readonly names: readonly string[]
  readonly ops: readonly string[]
  /** Of the first output: `1×64×112×112`. */
  readonly shapes: readonly string[]
  /** NaN where something cannot be counted. */
  readonly counts: Readonly<Record<CountColumn, Float64Array>>
}

/** What the page knows of a model. */
export interface Network {
  readonly name: string
  /** Of the file; undefined where it was counted again. */
  readonly bytes?: number
  readonly inputs: readonly { readonly name: string; readonly shape: readonly (number | null)[] | null }[]
  readonly totals: Totals
  readonly layers: LayerTable
  /** What is not in the totals. */
  readonly unsupported: Profile['unsupported']
}
