import type { InputRuns } from '../../base/index.ts'
import type { Model, OperatorSet } from '../../graph/index.ts'
import type { NamedArrays } from '../optimisers/state.ts'

/*
 * Training for sparsity: something that sees the weights between two steps. It adds to gradients before the optimiser has them (a penalty), changes
 * weights behind its step (zeros, rewinding), and holds weights at 0 (masks, which the optimiser keeps). The training graph stays as it is.
 */

/**
 * How training makes weights or channels small or zero. One file, one object; `createTrainer` takes any such object.
 *
 *     const shrink: SparsityMethod<{ readonly penalty: number }> = {
 *       ...{ name: 'shrink', rule: 'g_w \\leftarrow g_w + \\lambda w', source: '', averages: true },
 *       start: ({ weights }, { penalty }) => ({
 *         settled: () => true,
 *         beforeUpdate: (gradientOf) => {
 *           for (const { name, value } of weights) gradientOf(name).forEach((g, i, all) => { all[i] = g + penalty * value[i]! })
 *         },
 *       }),
 *     }
 */
export interface SparsityMethod<O extends object = object> {
  /** For recipes and messages: `gmp`. */
  readonly name: string
  /** What it does to a weight w, as LaTeX. */
  readonly rule: string
  /** Paper and year; empty for what needs none. */
  readonly source: string
  /** Whether a moving average of the weights (`TrainerOptions.average`) still has the zeros that the method promises. */
  readonly averages: boolean
  /**
   * Begins, before the first step; where training goes on, `importState` follows.
   * @throws KerfError `bad-options` for options that do not fit the network
   */
  start(context: SparsityContext, options: O): Sparsifier
}

/** A sparsity method at work on one network. Steps are counted from the start of the training: behind the first one `step` is 1. */
export interface Sparsifier {
  /**
   * Before the optimiser's step: adds to gradients, in place; behind them come clipping, weight decay and momentum.
   * @param gradientOf the gradient of a weight, by its name
   * @param step updates done
   */
  beforeUpdate?(gradientOf: (weight: string) => Float32Array, step: number): void
  /**
   * Behind it: changes weights, in place, and masks.
   * @param step updates done, this one included
   */
  afterUpdate?(step: number): void
  /** Takes back what `beforeUpdate` did to weights, where the step failed. */
  undo?(): void
  /**
   * Whether the network is as sparse as it is to be. Before that it is not chosen as the best one, however well it does.
   * @param step updates done
   */
  settled(step: number): boolean
  /**
   * Numbers for the line of metrics of an epoch, by name. By default `sparsity`: the part of the layers' weights that is 0. Kerf's methods that work on
   * channels have `smallChannels`: the part of the channels that is small enough to be cut.
   */
  metrics?(): Readonly<Record<string, number>>
  /** Live arrays that the next steps depend on, besides weights and masks; none by default. */
  exportState?(): NamedArrays
  /** Goes on from exported state, to the same bits. @throws KerfError `bad-state` */
  importState?(state: NamedArrays, step: number): void
}

/** What a sparsity method works on. */
export interface SparsityContext {
  /** Everything that is learnt, in the order of the network. */
  readonly weights: readonly SparseWeight[]
  /** Running statistics. */
  readonly statistics: readonly LiveTensor[]
  /**
   * Channels, and along which axes weights take their inputs, of what is learnt.
   * @throws KerfError `bad-options` where the trainer was given none
   */
  layout(): ChannelLayout
  /**
   * From now on a weight is exactly 0, with its momentum, where `mask` is 0, at once; what the method said of it before no longer counts.
   * @param weight its name
   */
  hold(weight: string, mask: Uint8Array): void
  /** The optimiser forgets its state: momentum, moments, steps. */
  restart(): void
}

/** A tensor of the network that is trained. */
export interface LiveTensor {
  /** As in the file. */
  readonly name: string
  /** As it is now; ask for it anew at every step. */
  readonly value: Float32Array
}

/** A weight that is learnt. */
export interface SparseWeight extends LiveTensor {
  /** Sizes of its axes. */
  readonly shape: readonly number[]
  /** `layer`: of a convolution or linear layer. `scale`: what a normalisation multiplies channels with. `other`: biases, shifts … */
  readonly role: 'layer' | 'scale' | 'other'
  /** The nodes that learn it, by name. */
  readonly layers: readonly string[]
}

/** What weights mean to whoever makes channels small: plain lists, as `channelLayout` of `kerf/workflow` makes them. */
export interface ChannelLayout {
  /** Channels that are alternatives to each other. */
  readonly groups: readonly ChannelSet[]
  /** Where the inputs of a layer's outputs lie in its weight, by the weight's name. */
  readonly inputs: ReadonlyMap<string, InputRuns>
}

/**
 * Tells where channels and inputs lie in the weights of a model: `channelLayout` of `kerf/workflow`.
 * @param model without calls of functions
 */
export type LayoutOf = (model: Model, options: LayoutOptions) => ChannelLayout

/** What a layout is found with. */
export interface LayoutOptions {
  /** Sizes of inputs; '' stands for the only one. */
  readonly inputs: ReadonlyMap<string, readonly number[]>
  /** What is known of operators; all that Kerf knows by default. */
  readonly operators?: OperatorSet
}

/** Channels made by the same layers; one that goes takes along what is its in every member. */
export interface ChannelSet {
  /** That of the first layer that makes them. */
  readonly name: string
  /** How many there are. */
  readonly channels: number
  /** All weights that would shrink with them. */
  readonly members: readonly ChannelMember[]
}

/** A weight that shrinks when channels go. */
export interface ChannelMember {
  /** Its name. */
  readonly tensor: string
  /** `makes`: the layer's weight that makes the channels. `reads`: one that takes them in. `other`: their bias, scale, shift … */
  readonly role: 'makes' | 'reads' | 'other'
  /** Along which the channels lie. */
  readonly axis: number
  /** Of each index of the axis, or of all blocks one behind the other, which channel it is; −1: none of these. */
  readonly of: Int32Array
  /** Of grouped convolutions: index j of `axis` means, in the rows of block q, `of[q × size + j]`. */
  readonly blocks?: {
    /** The axis that lies in blocks. */
    readonly rows: number
    /** How many blocks there are. */
    readonly groups: number
  }
}
