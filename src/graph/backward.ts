import type { AttributeValue } from './attribute-values.ts'
import type { InferredCall } from './call.ts'

/*
 * Reverse mode: from the gradient of a loss with respect to a node's outputs, those with respect to its inputs. A backward rule calculates
 * nothing; it adds nodes that do. So gradients are ordinary graphs: they are counted, planned and run like every other.
 */

/** Where a backward rule puts its nodes. Values are their names, as in GraphBuilder. */
export interface GradientEmitter {
  /** Adds a node and returns its only output. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, AttributeValue>>,
    domain?: string,
  ): string
  /** Adds a node of several outputs. */
  nodes(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes?: Readonly<Record<string, AttributeValue>>,
    domain?: string,
  ): string[]
  /** A float32 constant; `shape` is [] by default. */
  floats(values: readonly number[], shape?: readonly number[]): string
  /** An int64 vector. */
  ints(values: readonly number[]): string
  /** Sum over axes, which stay with size 1 unless `keepDims` is false. No axes: the value itself. */
  sum(value: string, axes: readonly number[], keepDims?: boolean): string
  reshape(value: string, shape: readonly number[]): string
  /** Repeats axes of size 1 (and puts new ones in front) so that the value has this shape. */
  expand(value: string, shape: readonly number[]): string
  /** Zeros of this shape. */
  zeros(shape: readonly number[]): string
  /** Zeros before and behind, per axis; negative: elements taken away. */
  pad(value: string, begins: readonly number[], ends: readonly number[]): string
  /** The parts of these sizes along an axis. */
  split(value: string, axis: number, sizes: readonly number[]): string[]
  /** The gradient of a value of shape `to` that was broadcast to `from`: summed over what was repeated. */
  unbroadcast(gradient: string, from: readonly number[], to: readonly number[]): string
}

/** One node on the way back. */
export interface BackwardCall<A = unknown> extends InferredCall<A> {
  /** Per output, the name of its gradient, of the output's shape; undefined where the loss does not depend on it. */
  readonly gradients: readonly (string | undefined)[]
  /** Whether anybody asks for an input's gradient. */
  needs(input: number): boolean
  readonly emit: GradientEmitter
  /** A choice between surrogates that the caller may make, by name (`AdderConv.weight`: `full` or `sign`). */
  choice<T extends string>(name: string, options: readonly [T, ...T[]]): T
}

/**
 * Per input, the name of its gradient, of the input's shape; undefined where it was not asked for, or where it is zero everywhere.
 */
export type BackwardRule<A = unknown> = (call: BackwardCall<A>) => readonly (string | undefined)[]
