import type { Profile, Totals } from 'kerf'

/** How a model is counted. */
export interface RecountOptions {
  /** Shapes of inputs by their names; the file's where they are not given. */
  readonly inputs?: Readonly<Record<string, readonly number[]>>
  /** Layers as they run: activations and normalisation with the layer in front of them. */
  readonly fused?: boolean
}

/** The counts that layers have as columns. */
export const countColumns = [
  ...(['macs', 'params', 'adds', 'muls', 'others', 'reads', 'writes'] as const),
  ...(['bytesRead', 'bytesWritten'] as const),
] as const

/** One of `countColumns`. */
export type CountColumn = (typeof countColumns)[number]

/** Layers by columns: 10,000 of them cross to the page in a millisecond. A row's number is the layer's name everywhere in the page. */
export interface LayerTable {
  /** As the file has them. */
  readonly names: readonly string[]
  /** Names without what they repeat, as the library's tables have them. */
  readonly labels: readonly string[]
  readonly ops: readonly string[]
  /** Operators for people: `Conv depthwise`, `Conv +2` for a fused layer. */
  readonly kinds: readonly string[]
  /** `3×3 s2`; empty for layers without one. */
  readonly windows: readonly string[]
  /** Of the inputs that are no weights. */
  readonly inputShapes: readonly string[]
  /** Of the first output: `1×64×112×112`. */
  readonly shapes: readonly string[]
  /** Names of the nodes of each row: several where layers are fused. */
  readonly nodes: readonly (readonly string[])[]
  /** Why something of a row is not counted; empty where everything is. */
  readonly reasons: readonly string[]
  /** NaN where something cannot be counted. */
  readonly counts: Readonly<Record<CountColumn, Float64Array>>
}

/** An input of the open model. */
export interface NetworkInput {
  readonly name: string
  /** That it was counted for. */
  readonly shape: readonly (number | null)[] | null
  /** As the file has it: a text is the name of a size that it leaves open, '' one without a name. Null: the file tells no shape. */
  readonly declared: readonly (number | string)[] | null
}

/** What is known of the open model's files. */
export interface OpenedFile {
  /** Of all of them; undefined where the model lies in none. */
  readonly bytes?: number
  /** External data that it uses: the paths that they were given with. */
  readonly used?: readonly string[]
  /** External data that were not given: their paths in the model's folder. */
  readonly missing?: readonly string[]
}

/** What the page knows of a model. */
export interface Network extends OpenedFile {
  readonly name: string
  readonly inputs: readonly NetworkInput[]
  /** Inputs whose open sizes nobody gave: they were counted for a guess, 224 for height and width. */
  readonly guessed: readonly string[]
  /** Why nothing could be counted, as the library says it: open sizes for which no guess fits. There are no layers then. */
  readonly problem?: string
  /** Whether rows are fused layers. */
  readonly fused: boolean
  readonly totals: Totals
  readonly layers: LayerTable
  /** What is not in the totals. */
  readonly unsupported: Profile['unsupported']
}
