/*
 * What crosses from the engine to the page of a network's graph. Everything that there is one of for each box or line is a column: typed arrays cross without a copy.
 * Rows are layers that are not fused, in the order in which they run.
 */
import type { LayerFormula } from 'kerf/cost'

/** Which blocks are open: these, or as many as give so many boxes at most, or all. */
export type Opening = { readonly opened: readonly string[] } | { readonly most: number } | { readonly all: true }

/** What a box is, by its number in `GraphBoxes.kinds`. */
export const boxKinds = ['input', 'layer', 'block', 'output'] as const

/** Places and sizes, in pixels at a zoom of 1. */
export interface Rectangles {
  readonly x: Float32Array
  readonly y: Float32Array
  readonly width: Float32Array
  readonly height: Float32Array
}

export interface GraphBoxes extends Rectangles {
  /** Places in `boxKinds`. */
  readonly kinds: Uint8Array
  /** On the box. */
  readonly titles: readonly string[]
  /** Below: what it holds and gives. */
  readonly texts: readonly string[]
  /** Whole. */
  readonly names: readonly string[]
  readonly paths: readonly string[]
  /** The innermost opened block that it lies in; '' where there is none. */
  readonly parents: readonly string[]
  /** 1: there is room for its part of the whole. */
  readonly hasPart: Uint8Array
  /** Rows of the layers of all boxes, one box behind the other; box i has those from `rowStarts[i]` to `rowStarts[i + 1]`. */
  readonly rows: Uint32Array
  readonly rowStarts: Uint32Array
}

export interface GraphLines {
  readonly from: Uint32Array
  /** The box that it ends at; -1: it goes on. */
  readonly to: Int32Array
  /** Six numbers for each: where it begins, the end of its bend, and how far it goes on straight down. */
  readonly points: Float32Array
  /** That go along it. */
  readonly elements: Float64Array
}

export interface GraphFrames extends Rectangles {
  readonly names: readonly string[]
  readonly paths: readonly string[]
  /** In how many frames it lies. */
  readonly depths: Uint8Array
}

/** A network with some blocks open, laid out. */
export interface GraphColumns {
  /** Blocks that are open. */
  readonly opened: readonly string[]
  readonly width: number
  readonly height: number
  readonly boxes: GraphBoxes
  readonly lines: GraphLines
  readonly frames: GraphFrames
  /** Between boxes, by their numbers; sorted by `from`. */
  readonly arrows: { readonly from: Uint32Array; readonly to: Uint32Array }
}

/** All blocks and layers as a tree: parents before their children, in the order in which layers run. */
export interface GraphTree {
  readonly paths: readonly string[]
  /** The last part of the name. */
  readonly labels: readonly string[]
  /** The entry that it lies in; -1: none. */
  readonly parents: Int32Array
  /** 0: outermost. */
  readonly depths: Uint8Array
  /** Layers inside. */
  readonly counts: Uint32Array
  /** The row of a layer; -1 of a block. */
  readonly rows: Int32Array
  /** What rows are. */
  readonly layers: GraphLayers
}

/** Parameters that are gone from each row, and those that it had, before it was pruned. */
export interface Pruned {
  readonly gone: Float64Array
  readonly from: Float64Array
}

/** Layers, not fused, by columns. */
export interface GraphLayers {
  readonly names: readonly string[]
  readonly ops: readonly string[]
  /** NaN where something cannot be counted. */
  readonly macs: Float64Array
  readonly params: Float64Array
  readonly accesses: Float64Array
  /** Milliseconds, NaN where a layer runs as part of another; undefined until they are measured. */
  readonly times?: Float64Array
  /** Parameters that the layer had in the file and has no more; undefined for the file's own network. */
  readonly pruned?: Pruned
}

/** A value that a layer takes or makes. */
export interface LayerValue {
  readonly name: string
  /** `1×64×56×56`. */
  readonly shape: string
  /** Empty where it is not known. */
  readonly type: string
  /** Known before anything runs: weights. */
  readonly isConstant: boolean
}

/** What there is to say of a layer. */
export interface LayerDetails {
  readonly name: string
  readonly op: string
  readonly attributes: readonly { readonly name: string; readonly value: string }[]
  readonly inputs: readonly LayerValue[]
  readonly outputs: readonly LayerValue[]
  readonly formulas: readonly LayerFormula[]
  /** Why something is not counted. */
  readonly notCounted: string | undefined
  /** Stored tensors whose values can be looked at. */
  readonly weights: readonly string[]
}

/** The values of a stored tensor. */
export interface WeightStatistics {
  readonly name: string
  readonly shape: string
  readonly type: string
  readonly count: number
  /** Of the values that are numbers and finite, and all below; NaN where there is none. */
  readonly least: number
  readonly most: number
  readonly mean: number
  readonly deviation: number
  readonly zeros: number
  /** No numbers, or not finite. */
  readonly nans: number
  /** How many lie in each of equal stretches from the least to the most. */
  readonly bins: Uint32Array
}

/** Channels that can only go together, seen from a layer. */
export interface LayerGroups {
  readonly groups: readonly {
    readonly name: string
    readonly channels: number
    /** Rows of the layers that make the channels. */
    readonly makers: readonly number[]
    /** Rows of all layers that the channels pass. */
    readonly rows: readonly number[]
    /** `conv1.weight, axis 0 of 64×3×7×7`. */
    readonly tensors: readonly string[]
  }[]
  /** Why channels of this layer stay. */
  readonly refused: readonly string[]
}
