import type { MatrixTurn, Random } from '../../base/index.ts'
import type { WeightedSum } from '../../graph/index.ts'

/**
 * How much a channel matters: which go first, the lowest, when a network is pruned. One file, one object; `pruneModel` takes any such object.
 *
 *     const l1: Criterion = {
 *       ...{ name: 'l1', needs: 'weights', formula: '\\sum_{w \\in w_c} \\lvert w \\rvert', source: 'Li et al., ICLR 2017' },
 *       score: ({ combined, weights }) =>
 *         combined((layer) => weights(layer).map((row) => row.reduce((sum, w) => sum + Math.abs(w), 0))),
 *     }
 */
export interface Criterion {
  /** For the command line and for messages: `l2`. */
  readonly name: string
  /** The score of a channel c, as LaTeX. */
  readonly formula: string
  /** Paper and year; empty for what needs none. */
  readonly source: string
  /**
   * What is looked at: weights alone; images, too, through the network; also a loss, of their labels or of the network's own outputs (`outputLoss`); or
   * labels: the gradient of their loss, which at the network's own outputs is 0.
   */
  readonly needs: 'weights' | 'images' | 'loss' | 'labels'
  /** 'global': it says how channels of different layers compare, and needs them to be ranked together. */
  readonly ranking?: 'global'
  /** A finite number for each channel of each group. */
  score(context: ScoringContext): Scores | Promise<Scores>
  /**
   * For the method `weight`: a number for each single weight of a layer, in its order. A criterion without it ranks channels alone.
   * @param values all weights of the layer
   */
  readonly scoreWeights?: (
    values: ArrayLike<number>,
    context: Pick<ScoringContext, 'random'> & {
      /** Whose weights they are. */
      readonly layer: ScoredLayer
    },
  ) => ArrayLike<number> | Promise<ArrayLike<number>>
}

/** Numbers by group, one for each of its channels: the lowest go first. */
export type Scores = ReadonlyMap<ScoredGroup, ArrayLike<number>>

/** Channels that are alternatives to each other: the same layers make them. */
export interface ScoredGroup {
  /** That of the first layer that makes them. */
  readonly name: string
  /** How many there are. */
  readonly channels: number
  /** The layers that make them. */
  readonly layers: readonly ScoredLayer[]
  /** The layers whose weights read them. */
  readonly readers: readonly ScoredLayer[]
  /** The normalisations that they pass: each has one weight a channel, its factor γ. */
  readonly normalisations: readonly ScoredLayer[]
}

/** A layer with weights, as one group of channels meets it. */
export interface ScoredLayer {
  /** Of its node. */
  readonly node: string
  /** The stored weight. */
  readonly tensor: string
  /** Its output channels where it makes channels, its input channels where it reads them. */
  readonly channels: number
  /** Which channel of the group each of them is; −1: one of another group. */
  readonly of: Int32Array
}

/** What a criterion sees. */
export interface ScoringContext {
  /** Whether the channels of all groups are ranked together. */
  readonly isGlobal: boolean
  /** Those that need a score. */
  readonly groups: readonly ScoredGroup[]
  /**
   * The weights that make each channel of a layer, or read it: one row for each of its channels, views into memory.
   * @throws KerfError `not-constant` for weights that are computed while running
   */
  weights(layer: ScoredLayer): readonly Numbers[]
  /**
   * How a layer that reads channels sums over them at the size of the images: its places and sources are those of the planes of `activations`.
   * @throws KerfError `unknown-value` for a layer that is no such sum, `no-images`
   */
  weightedSum(layer: ScoredLayer): WeightedSum
  /**
   * The images that were given, batch by batch through the network; every call gives them anew. For criteria that need images.
   * @param layers whose activations (and gradients) are looked at; by default those that make channels
   * @param options what is looked at, and how many images at a time
   */
  batches(layers?: readonly ScoredLayer[], options?: BatchOptions): AsyncIterable<ScoredBatch>
  /**
   * The scores of groups from those of layers: each layer's are divided by their mean, so that layers of different scale are ranked together and no member
   * of a group outvotes the others; a channel gets the mean over its members.
   * @param score of a layer's channels
   * @param members the layers of a group that say something; by default those that make its channels
   * @throws KerfError `no-members` for a group that has none
   */
  combined(
    score: (layer: ScoredLayer) => ArrayLike<number> | Promise<ArrayLike<number>>,
    members?: (group: ScoredGroup) => readonly ScoredLayer[],
  ): Promise<Scores>
  /**
   * The scores of groups as sums over layers, channel by channel, as they are: for what has one unit in the whole network.
   * @param of a layer's channels
   * @param members the layers of a group that are summed over; by default those that make its channels
   */
  summed(
    of: (layer: ScoredLayer) => ArrayLike<number>,
    members?: (group: ScoredGroup) => readonly ScoredLayer[],
  ): Map<ScoredGroup, Float64Array>
  /** What the network costs less without each channel of a group, the other channels being there. */
  saved(group: ScoredGroup): Saved
  /**
   * How much the loss grows without each channel, measured: L(without c) − L, with the weights that make and read it set to 0. For criteria that need a loss.
   * Where that is one of the network's own outputs y₀, L is the mean over images of ‖y − y₀‖². The network runs once a channel and batch.
   */
  growths(): Promise<Map<ScoredGroup, Float64Array>>
  /** Random numbers that follow from the seed and the names of the weights of a group or layer (`of`): the same for the same one. */
  random(of: ScoredGroup | ScoredLayer): Random
  /** To be awaited in long loops: lets others have their turn, and throws KerfError `aborted` where the signal says so. Its `kernels` do large sums. */
  readonly turn: MatrixTurn
}

/** Costs by channel of a group. */
export interface Saved {
  /** Of the layers that make or read it, in proportion to their channels. */
  readonly macs: Float64Array
  /** Of the weights that make or read it, and of the factors of its normalisations. */
  readonly bytes: Float64Array
}

/** Floating-point numbers in memory. */
export type Numbers = Float32Array | Float64Array

/** How images are looked at. */
export interface BatchOptions {
  /** What is asked of them; the rest is not calculated. Default: activations, and where the criterion needs a loss gradients of both kinds. */
  readonly what?: readonly ('activations' | 'gradients' | 'weightGradients')[]
  /** At most so many at a time. Default: as many as fit into a quarter of a gigabyte, and not more than the images come in. */
  readonly most?: number
}

/** What the network does with one batch of images. Arrays are valid until the next batch is asked for. */
export interface ScoredBatch {
  /** How many there are. */
  readonly images: number
  /**
   * What comes out of a layer behind its normalisation and activation function, where that is one path; of a layer that reads channels, what it reads.
   * @throws KerfError `unknown-value` where the channels are not one axis of it, or the layer was not asked for
   */
  activations(layer: ScoredLayer): ChannelValues
  /** ∂L/∂a of the same, L the mean of the loss over the batch. For criteria that need the loss. */
  gradients(layer: ScoredLayer): ChannelValues
  /** ∂L/∂w, in rows as `weights`. For criteria that need the loss. */
  weightGradients(layer: ScoredLayer): readonly Numbers[]
}

/** A value of a network, channel by channel. */
export interface ChannelValues {
  /** [images, channels, …plane], row-major. */
  readonly data: Numbers
  /** How many there are. */
  readonly images: number
  /** How many there are. */
  readonly channels: number
  /** [H, W] for images; empty where a channel is one number. */
  readonly plane: readonly number[]
}
