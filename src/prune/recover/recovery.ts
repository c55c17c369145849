import type { Bounded, Task } from '../../base/index.ts'
import type { Model } from '../../graph/index.ts'
import type { RunningOptions } from '../../runtime/index.ts'
import type { ScoringImages } from '../criteria/batches.ts'

/**
 * What brings a cut network nearer to what it was.
 * - `mean-replacement`: a channel that is gone counts as much as it did on average; into the biases of the layers that read it
 * - `merging`: a channel that is gone is made of those that stay, as well as a linear combination can; into the weights that read them
 * - `least-squares`: each layer's weights and biases are those that come nearest to what it gave (ridge regression)
 * - `pairs`: two layers with nothing but an activation in between, as in a residual block, are solved for together, front to back; all others by least squares. It takes some
 *   times as long as those
 * - `statistics`: means and variances of normalisations are measured anew
 */
export type RecoveryStep = 'mean-replacement' | 'merging' | 'least-squares' | 'pairs' | 'statistics'

/** What a step of one's own works on. */
export interface RecoveryWork extends Task {
  /** The cut network as the steps before have left it. */
  readonly model: Model
  /** The network before the cut. */
  readonly given: Model
  /** How far its outputs are off: ‖difference‖ / ‖output‖ on images that are held out. */
  readonly outputError: number
  /** Of the images, in their order, those to work by. The others judge. */
  readonly fitted: readonly number[]
}

/** A step of one's own. It is judged by the images that are held out, told of and taken back as the others are. */
export interface RecoveryMethod {
  /** What it is called. */
  readonly name: string
  /** @returns the cut network with other weights; or in a sentence why there is none */
  readonly improve: (work: RecoveryWork) => Promise<Model | string>
}

/** Every step, in the order in which they are of use. */
export const recoverySteps: readonly RecoveryStep[] = [
  'mean-replacement',
  'merging',
  'least-squares',
  'pairs',
  'statistics',
]

/** What a network is recovered with. */
export interface RecoverOptions extends RunningOptions, Task, Bounded {
  /** Images as the network's input has them, without labels, as `imagesFor` of kerf/workflow makes them. Every fourth is held out to judge by. */
  readonly images: ScoringImages
  /** Default `auto`: what is of use. */
  readonly steps?: 'auto' | readonly (RecoveryStep | RecoveryMethod)[]
  /** What is kept for going on. Default: nothing. */
  readonly memory?: RecoveryMemory
}

/** What a recovery keeps of the steps that it has done, so that one that was stopped goes on behind them, to the same result. */
export interface RecoveryMemory {
  /**
   * What was kept under a name; else what `make` gives, which is kept before it is used.
   * @param name letters, digits and dashes
   * @param make gives a network, and plain data about it, as JSON has them
   */
  network<T>(
    name: string,
    make: () => Promise<{
      /** As a step leaves it. */
      readonly model: Model
      /** What is to be said of it. */
      readonly facts: T
    }>,
  ): Promise<{
    /** As it was made, or read again. */
    readonly model: Model
    /** What is to be said of it. */
    readonly facts: T
  }>
}

/** How far something is from what the network gave before it was cut: ‖difference‖ / ‖what it gave‖, on images that are held out. */
export interface RecoveryError {
  /** Before the step. */
  readonly before: number
  /** After it. */
  readonly after: number
}

/** What a step made of a layer. */
export interface RecoveredLayer extends RecoveryError {
  /** Its name, or that of its output. */
  readonly layer: string
}

/** What a step made of the network. */
export interface RecoveredStep {
  /** Which. */
  readonly name: string
  /** False: the outputs would have been further off than before, so that all is as it was before the step. */
  readonly kept: boolean
  /** In a sentence why nothing was done; undefined where something was. */
  readonly why?: string
  /** Of the outputs of the network. */
  readonly outputError: RecoveryError
  /**
   * Of the layers, each in the network as it has become in front of it. Where the result of a layer is only scaled, shifted and added to something behind
   * it, of what comes out there.
   */
  readonly layers: readonly RecoveredLayer[]
}

/** A network that was recovered. */
export interface Recovered {
  /** The cut network with other weights. It has the operators that it had; layers without a bias may have got one. */
  readonly model: Model
  /** What was done, in order. */
  readonly steps: readonly RecoveredStep[]
}
