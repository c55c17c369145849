import type { Dense, InferredCall } from './call.ts'
import type { Node } from './model.ts'

/*
 * Channels, for whoever removes them. Each index of each tracked axis carries a label; labels of things that can only go together
 * are united (union–find, kept by the walk in `prune/`). A label that must stay is frozen, with the reason that the user reads.
 *
 * An operator states this in `tie`, which sees the graph in topological order, and repairs in `cut` what depends on channel counts
 * and is not a tensor's axis: group numbers, split sizes, targets of Reshape. Silence means no: whatever channel label reaches a node
 * whose rule does not ask for it is frozen.
 */

/** Of an axis: one label per index. Equal labels, and united ones, stand for channels that go together. */
export type Labels = Int32Array

/**
 * Labels over one axis, or over the row-major product of several (after a Reshape that splits the channel axis). `axes` ascend.
 */
export interface Track {
  /** Of the value. */
  readonly axes: readonly number[]
  /** One per index of the product of the axes' sizes. */
  readonly labels: Labels
}

/** What a class of channels belongs to: 'filter' a convolution's output channel, 'neuron' an output of a linear layer. */
export type RootKind = 'filter' | 'neuron'

/** What else is said of what makes channels. */
export interface RootOptions {
  /**
   * The channels are those of the input (depthwise convolution): the weight counts for their score, but which channels are alternatives to each
   * other is decided by what made them.
   */
  readonly follows?: boolean
  /** What a linear layer sums over, where it is one axis: an input (not the weight) and its axis. */
  readonly sums?: {
    /** Its index. */
    readonly input: number
    /** Of that input. */
    readonly axis: number
  }
}

/**
 * A weight of grouped convolution: its rows lie in equal blocks, and index j of `axis` means, in the rows of block q, the label `labels[q * size + j]`.
 */
export interface GroupedAxis {
  /** The axis that has the blocks. */
  readonly rows: number
  /** The axis whose indices mean other channels in each block. */
  readonly axis: number
  /** How many blocks there are. */
  readonly groups: number
  /** Of all blocks, one behind the other. */
  readonly labels: Labels
}

/** What `ChannelRule.tie` says of one node's channels, and asks. Inputs and outputs are given by their index, 0 first. */
export interface Ties {
  /** Whether `input` is a stored constant (initializer, Constant, ConstantOfShape). */
  isConstant(input: number): boolean
  /** Whether `input` is known before anything runs: a stored constant, or made from stored ones alone (Transpose, DequantizeLinear). */
  isWeight(input: number): boolean
  /**
   * All tracks of `input`. For a stored constant: a track for each of its axes that is longer than 1.
   * Asking counts as handling them.
   */
  tracks(input: number): readonly Track[]
  /**
   * Labels of one `axis` of `input`. A stored constant gets them when first asked; a value that has none there (it comes from the
   * graph's input or from an operator that mixes channels) answers with labels that are already frozen.
   */
  labels(input: number, axis: number): Labels
  /** The nodes that read `output`; undefined among them stands for the graph, whose output it is. */
  readers(output: number): readonly (Node | undefined)[]
  /** Whether `input` (no stored constant) carries labels on this `axis` and on this axis alone. */
  isTracked(input: number, axis: number): boolean
  /** Says that `a[i]` and `b[i]` go together, for every i; they are of one length. */
  unite(a: Labels, b: Labels): void
  /** Whether all these `labels` must stay, as far as is known. */
  isFrozen(labels: Labels): boolean
  /** These `labels` stay, for the `reason` that the user reads. */
  freeze(labels: Labels, reason: string): void
  /**
   * What is calculated over the channels of `labels` (a mean, a maximum, a window of neighbours) is another number when some are gone, even if they are 0 in the masked network. They stay,
   * for the `reason` given, unless inexact cuts are asked for.
   */
  changes(labels: Labels, reason: string): void
  /**
   * The node treats channels that lie on two axes row by row: neither the order within a row nor which channels lie there matters to it. So they may go
   * in equal numbers from every row, where everybody else says so, too.
   */
  byRows(): void
  /** Freezes every track of `input`, for the `reason` that the user reads; without an input, of all inputs. */
  freezeInputs(reason: string, input?: number): void
  /** `count` new labels, tied to nothing: padded or repeated channels. */
  fresh(count: number): Labels
  /** Says which channels `output` has: `tracks` that do not overlap. */
  setOutput(output: number, tracks: readonly Track[]): void
  /**
   * Marks `axis` of `input`, a weight, as what produces channels of this `kind`: the place to score and to count widths. After `groupedAxis` on the
   * same axis, the channels are that one's labels; `options` say what they are alternatives to.
   */
  root(input: number, axis: number, kind: RootKind, options?: RootOptions): void
  /**
   * Of the given `inputs`, which all hold the channels of `labels`, one must be 0 on those that go: they are terms of a sum without weights of its own, as in a
   * product of two activations. Masking then zeroes what makes them so (biases, too); where nothing can, they stay, for the `reason` given.
   */
  vanish(inputs: readonly number[], labels: Labels, reason: string): void
  /** The node makes `channels` output channels of this `kind` that can never go, for a reason (`why`) that the user reads: there is no weight to cut. */
  refuse(kind: RootKind, channels: number, why: string): void
  /** The `labels` lie in `parts` equal blocks that must stay equal, for the `reason` that the user reads: grouped convolution. */
  balance(labels: Labels, parts: number, reason: string): void
  /** `input` is a weight of grouped convolution, as `spec` says. */
  groupedAxis(input: number, spec: GroupedAxis): void
}

/**
 * Which indices survive, in old numbering, for a node whose tracked axes shrink; and what may be changed about the node. Inputs and outputs are given by their
 * index, 0 first.
 */
export interface Cut {
  /** Whether `input` is a stored constant, as for `Ties`. */
  isConstant(input: number): boolean
  /** Surviving old indices on `axis` of `input`, where a track lies on it alone; undefined where the axis is not tracked, or loses nothing. */
  keptInput(input: number, axis: number): Int32Array | undefined
  /** The same of `axis` of `output`. */
  keptOutput(output: number, axis: number): Int32Array | undefined
  /** The shape of `input` after the cut; undefined where the rank was never known. */
  newInputShape(input: number): readonly number[] | undefined
  /** The same of `output`. */
  newOutputShape(output: number): readonly number[] | undefined
  /** Gives the node's `attribute`, an int, this `value`. */
  setInt(attribute: string, value: number): void
  /** Gives the node's `attribute`, ints, these `values`. */
  setInts(attribute: string, values: readonly number[]): void
  /** Takes an `attribute` from the node. */
  removeAttribute(attribute: string): void
  /** Replaces `input` by a new constant int64 vector of `values` (the old one stays for its other users); adds it where the node has none. */
  setInputInts(input: number, values: readonly number[]): void
  /** Content of a small `input` as the graph will compute it after the cut; undefined where that depends on data. */
  newContent(input: number): readonly number[] | undefined
  /**
   * Replaces some `entries` of the integer vector at `input` (position → value). The others stay as the graph computes them: a batch
   * or an image size that the file leaves open stays open.
   */
  patchInputInts(input: number, entries: ReadonlyMap<number, number>): void
  /** Replaces the whole node by a Gather of `indices` along `axis` of its input `input`. */
  replaceByGather(input: number, axis: number, indices: readonly number[]): void
}

/**
 * That the first output of a node is a weighted sum over channels, image by image (the first axis of input and output):
 * `y[g·M + m, p] = b[g·M + m] + Σ_{c, t} w(g, m, c, t) · x[g·C + c, source(p, t)]`, where what has no source counts 0.
 */
export interface WeightedSum {
  /** Index of the input x. */
  readonly input: number
  /** Index of the input w. */
  readonly weight: number
  /** Index of the input b, one number per output channel, which may be left out; undefined where the operator takes none. */
  readonly bias: number | undefined
  /** Groups g that read nothing of each other. */
  readonly groups: number
  /** C: input channels of a group. */
  readonly inChannels: number
  /** M: output channels of a group. */
  readonly outChannels: number
  /** Places t of the window; 1 for linear layers. */
  readonly taps: number
  /** Places p of the output in one image. */
  readonly places: number
  /** Part of the taps that have a source away from the borders: 1, of a transposed convolution 1 over its strides. */
  readonly met: number
  /** Distance in x, within an image, of neighbouring channels, and of neighbouring places. */
  readonly x: ChannelStrides
  /** The same in y. */
  readonly y: ChannelStrides
  /** Distance in w of neighbouring g, m, c and t. */
  readonly w: {
    /** From g to g + 1. */
    readonly group: number
    /** From m to m + 1. */
    readonly out: number
    /** From c to c + 1. */
    readonly in: number
    /** From t to t + 1. */
    readonly tap: number
  }
  /** Entry `p·taps + t` is the place in x that tap t of place p reads; below 0: none. Made anew by every call. */
  readonly sources: () => Int32Array
}

/** How a tensor's elements lie within one image. */
export interface ChannelStrides {
  /** The axis that the channels lie on. */
  readonly axis: number
  /** From one channel to the next. */
  readonly channel: number
  /** From one place to the next. */
  readonly place: number
}

/** What an operator says of channels. */
export interface ChannelRule<A = unknown> {
  /** Called for every node, in topological order: which channels go together, which stay, which are made. */
  readonly tie: (call: InferredCall<A>, ties: Ties) => void
  /** Called for a node of which a tracked axis has shrunk: what changes besides tensors. Left out: nothing. */
  readonly cut?: (call: InferredCall<A>, cut: Cut) => void
  /** Of a normalisation: the input that holds its factors γ, one for each channel. */
  readonly scale?: number
  /**
   * What makes a channel of the outputs 0: alternatives, each of them a list of inputs that must all be 0 on it. Left out: nothing does; for an
   * operator that only moves data (`cost: 'none'`), all inputs of the output's element type.
   * @param calculated what the operator's reference makes of these inputs; undefined where it has none
   */
  readonly zeros?: (
    call: InferredCall<A>,
    calculated: (inputs: readonly Dense[]) => readonly Dense[] | undefined,
  ) => readonly (readonly number[])[]
  /** That the node is a layer whose weights can be solved for; undefined where it, as it is, is none. */
  readonly sum?: (call: InferredCall<A>) => WeightedSum | undefined
  /**
   * Which places of a channel make an element of it. `own`: one of each input, so that it is calculated alike where channels have one place alone; `alike`: several of
   * its own channel, and where these hold one number, it is that number. Left out: neither is known.
   */
  readonly places?: 'own' | 'alike'
  /** That it takes a stored mean from every channel of its first input, and divides by the root of a stored variance; undefined where it, as it is, does not. */
  readonly standardises?: (call: InferredCall<A>) =>
    | {
        /** Index of the input that holds the means. */
        readonly mean: number
        /** The same of the variances. */
        readonly variance: number
      }
    | undefined
}
