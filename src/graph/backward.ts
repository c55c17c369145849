import type { AttributeValue } from './attribute-values.ts'
import type { InferredCall } from './call.ts'

/*
 * Reverse mode: from the gradient of a loss with respect to a node's outputs, those with respect to its inputs. A backward rule calculates
 * nothing; it adds nodes that do. So gradients are ordinary graphs: they are counted, planned and run like every other.
 */

/** Where a backward rule puts its nodes. Values are their names, as in GraphBuilder. */
export interface GradientEmitter {
  /** Adds a node of operator `opType` in `domain` ('' by default) on `inputs`, with `attributes` by their names, and returns its only output. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, AttributeValue>>,
    domain?: string,
  ): string
  /** The same with several: so many `outputs`. Takes `opType`, `inputs`, `attributes` and `domain` as `node`. */
  nodes(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes?: Readonly<Record<string, AttributeValue>>,
    domain?: string,
  ): string[]
  /** A float32 constant of `values`; `shape` is [] by default. */
  floats(values: readonly number[], shape?: readonly number[]): string
  /** An int64 vector of `values`. */
  ints(values: readonly number[]): string
  /** Sum of `value` over `axes`, which stay with size 1 unless `keepDims` is false. No axes: the value itself. */
  sum(value: string, axes: readonly number[], keepDims?: boolean): string
  /** The elements of `value` under another `shape`. */
  reshape(value: string, shape: readonly number[]): string
  /** Repeats axes of size 1 (and puts new ones in front) so that `value` has this `shape`. */
  expand(value: string, shape: readonly number[]): string
  /** Zeros of this `shape`. */
  zeros(shape: readonly number[]): string
  /** `value` with so many zeros before (`begins`) and behind (`ends`), per axis; negative: elements taken away. */
  pad(value: string, begins: readonly number[], ends: readonly number[]): string
  /** The product of two matrices, `left`·`right`, as Gemm's `attributes` say (transA, transB, alpha; 0, 0, 1 by default). */
  product(left: string, right: string, attributes?: Readonly<Record<string, AttributeValue>>): string
  /** The parts of `value` of these `sizes` along `axis`. */
  split(value: string, axis: number, sizes: readonly number[]): string[]
  /** The `gradient`, of shape `from`, of a value of shape `to` that was broadcast to that: summed over what was repeated. */
  unbroadcast(gradient: string, from: readonly number[], to: readonly number[]): string
}

/** One node on the way back. */
export interface BackwardCall<A = unknown> extends InferredCall<A> {
  /** Per output, the name of its gradient, of the output's shape; undefined where the loss does not depend on it. */
  readonly gradients: readonly (string | undefined)[]
  /** Whether anybody asks for the gradient of `input`, by its index. */
  needs(input: number): boolean
  /** Where the rule puts its nodes. */
  readonly emit: GradientEmitter
  /** The one of several `options` that the caller chose by `name`, otherwise the first: between surrogates (`AdderConv.weight`: `full` or `sign`). */
  choice<T extends string>(name: string, options: readonly [T, ...T[]]): T
}

/**
 * Per input, the name of its gradient, of the input's shape; undefined where it was not asked for, or where it is zero everywhere.
 */
export type BackwardRule<A = unknown> = (call: BackwardCall<A>) => readonly (string | undefined)[]
