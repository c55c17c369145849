import type { SlidingWindow } from '../ops/index.ts'

/** A value with its inferred shape; null where a size, or the whole shape, is not known. */
export interface NamedShape {
  readonly name: string
  readonly shape: readonly (number | null)[] | null
  /** Known before anything runs: weights, constants. */
  readonly constant?: true
}

/**
 * What something costs, in integers. Null: it cannot be counted (see `Layer.notCounted`), or was not asked for (`nonZeroParams`).
 */
export interface Counts {
  /** Learnable values that the file stores. A tensor that several layers share counts in the first of them. */
  readonly params: number | null
  /** Those of them whose stored value is not 0; counted only when asked for, since it reads the weights. */
  readonly nonZeroParams: number | null
  /** Multiply–accumulates of convolutions and linear layers, without bias. */
  readonly macs: number | null
  /** Additions and subtractions, biases included. */
  readonly adds: number | null
  readonly muls: number | null
  /** Divisions, comparisons, roots, exponentials and other function values. */
  readonly others: number | null
  /** Elements read, weights included: each value once. */
  readonly reads: number | null
  /** Elements written. */
  readonly writes: number | null
  readonly bytesRead: number | null
  readonly bytesWritten: number | null
}

/** 'grouped': of several groups, each of several channels. 'pointwise': a window of one element. */
export type LayerKind = 'regular' | 'grouped' | 'depthwise' | 'pointwise'

/** A node that runs, or a fused group of them. */
export interface Layer extends Counts {
  /** The node's name, or that of its first output; of a fused group all names, joined by ` + `. */
  readonly name: string
  /** The ONNX operator, with its domain where that is not the standard one; of a fused group joined by `+`. */
  readonly op: string
  readonly inputs: readonly NamedShape[]
  readonly outputs: readonly NamedShape[]
  /** Of convolutions: what their window and groups make of them. */
  readonly kind?: LayerKind
  /** Of convolutions and pooling, one entry per spatial axis. */
  readonly window?: SlidingWindow
  /** Names of the nodes of a fused group. */
  readonly members?: readonly string[]
  /** Why some of the counts are null. */
  readonly notCounted?: string
}

/** Sums over the layers; what could not be counted is left out (`Totals.partial` names the sums, `Profile.unsupported` the nodes). */
export interface TotalCounts {
  readonly params: number
  readonly nonZeroParams: number | null
  readonly macs: number
  readonly adds: number
  readonly muls: number
  readonly others: number
  readonly reads: number
  readonly writes: number
  /** Reads and writes, in elements. */
  readonly accesses: number
  /** Reads and writes, in bytes. */
  readonly bytes: number
}

export interface Totals extends TotalCounts {
  /** The sums that are too small, because something could not be counted. Empty: all are whole. */
  readonly partial: readonly (keyof TotalCounts)[]
}

/** A node whose cost, or part of it, is not in the totals. */
export interface Unsupported {
  readonly name: string
  readonly op: string
  readonly domain: string
  readonly why: string
}

/** A stored constant that a layer takes where parameters stand, and that is none. */
export interface LeftOut {
  /** Of the tensor. */
  readonly name: string
  readonly shape: readonly number[]
  /** The layer that takes it. */
  readonly layer: string
  readonly op: string
  readonly why: string
}

/** How a node was counted, where that is a choice: of branches the larger one. */
export interface Note {
  readonly name: string
  readonly op: string
  readonly domain: string
  readonly note: string
}

export interface Profile {
  readonly model: string
  readonly inputs: readonly NamedShape[]
  readonly layers: readonly Layer[]
  readonly totals: Totals
  readonly unsupported: readonly Unsupported[]
  /** Constants that are not among the parameters. */
  readonly leftOut: readonly LeftOut[]
  readonly notes: readonly Note[]
  /** Whether groups of layers are counted as one. */
  readonly fused: boolean
  /** Whether a sum of n terms counts n - 1 additions instead of n. */
  readonly strictAdds: boolean
}
