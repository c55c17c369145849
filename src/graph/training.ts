import type { InferredCall } from './call.ts'
import type { Node } from './model.ts'

/*
 * Some operators do one thing in inference and another while a network learns: BatchNormalization, Dropout. What exporters write is the first;
 * a training rule says what stands in its place.
 */

/** What a node becomes in a training graph. */
export interface TrainingForm {
  /** Its first output is the node's. */
  readonly node: Node
  /** Running statistics: an input of `node`, and the output that holds its value after the step. */
  readonly statistics?: readonly {
    /** Its index. */
    readonly input: number
    /** Its index. */
    readonly output: number
  }[]
  /** A float32 input that is fed with 0 at this rate and 1 / (1 − rate) elsewhere, drawn anew for every step. */
  readonly dropout?: {
    /** Its index. */
    readonly input: number
    /** From 0 to below 1. */
    readonly rate: number
    /** Of the mask. */
    readonly shape: readonly number[]
  }
}

/**
 * What a node becomes in a training graph.
 * @param fresh makes a name of a value that is free
 * @returns undefined where the node does the same in training
 * @throws NodeError where it cannot be trained
 */
export type TrainingRule<A = unknown> = (
  call: InferredCall<A>,
  fresh: (wish: string) => string,
) => TrainingForm | undefined
