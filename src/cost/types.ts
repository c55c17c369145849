import type { SlidingWindow } from '../ops/index.ts'

/** A value with its inferred shape; null where a size, or the whole shape, is not known. */
export interface NamedShape {
  /** Of the value; empty for an optional input that was left out. */
  readonly name: string
  /** One entry per axis; null for a size that is not known, and instead of all where not even their number is. */
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
  /** Multiplications. */
  readonly muls: number | null
  /** Divisions, comparisons, roots, exponentials and other function values. */
  readonly others: number | null
  /** Elements read, weights included: each value once. */
  readonly reads: number | null
  /** Elements written. */
  readonly writes: number | null
  /** `reads` in bytes, by the element types of the values. */
  readonly bytesRead: number | null
  /** `writes` in bytes. */
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
  /** What it reads, in the operator's order, weights among them. */
  readonly inputs: readonly NamedShape[]
  /** What it makes. */
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
  /** Learnable values; tensors that several layers share count once. */
  readonly params: number
  /** Those that are not 0; null where they were not asked for. */
  readonly nonZeroParams: number | null
  /** Multiply–accumulates, without biases. */
  readonly macs: number
  /** Additions and subtractions. */
  readonly adds: number
  /** Multiplications. */
  readonly muls: number
  /** Divisions, comparisons, roots, exponentials and other function values. */
  readonly others: number
  /** Elements read, weights included. */
  readonly reads: number
  /** Elements written. */
  readonly writes: number
  /** Reads and writes, in elements. */
  readonly accesses: number
  /** Reads and writes, in bytes. */
  readonly bytes: number
}

/** The sums of a network, and which of them lack something. */
export interface Totals extends TotalCounts {
  /** The sums that are too small, because something could not be counted. Empty: all are whole. */
  readonly partial: readonly (keyof TotalCounts)[]
}

/** A node whose cost, or part of it, is not in the totals. */
export interface Unsupported {
  /** The node's name, or that of its first output. */
  readonly name: string
  /** Its ONNX operator. */
  readonly op: string
  /** The operator's domain; empty for the standard one. */
  readonly domain: string
  /** In words: the operator is not known, a size is open. */
  readonly why: string
}

/** A stored constant that a layer takes where parameters stand, and that is none. */
export interface LeftOut {
  /** Of the tensor. */
  readonly name: string
  /** Its sizes. */
  readonly shape: readonly number[]
  /** The layer that takes it. */
  readonly layer: string
  /** The layer's operator. */
  readonly op: string
  /** Why it is no parameter, in words. */
  readonly why: string
}

/** How a node was counted, where that is a choice: of branches the larger one. */
export interface Note {
  /** The node's name, or that of its first output. */
  readonly name: string
  /** Its ONNX operator. */
  readonly op: string
  /** The operator's domain; empty for the standard one. */
  readonly domain: string
  /** How it was counted, in words. */
  readonly note: string
}

/** What a network costs, layer by layer and in total. `kerf profile --format json` prints it. */
export interface Profile {
  /** The name that was given, or that of the graph. */
  readonly model: string
  /** What the network is fed, with the shapes that it was counted for. */
  readonly inputs: readonly NamedShape[]
  /** In the order in which they run. */
  readonly layers: readonly Layer[]
  /** The sums over the layers. */
  readonly totals: Totals
  /** Nodes whose cost, or part of it, is missing in the sums. */
  readonly unsupported: readonly Unsupported[]
  /** Constants that are not among the parameters. */
  readonly leftOut: readonly LeftOut[]
  /** How some nodes were counted. */
  readonly notes: readonly Note[]
  /** Whether groups of layers are counted as one. */
  readonly fused: boolean
  /** Whether a sum of n terms counts n - 1 additions instead of n. */
  readonly strictAdds: boolean
}
