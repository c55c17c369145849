import { KerfError, type Random } from '../../base/index.ts'
import type { Transform } from '../types.ts'

export type ImageShape = readonly [channels: number, height: number, width: number]

export const elementsOf = ([channels, height, width]: ImageShape): number => channels * height * width

/** What a step works on besides the images. */
export interface StepContext {
  /** How many images there are; behind them the arrays hold anything. */
  readonly count: number
  readonly classes: number
  /** [size, classes] */
  readonly targets: Float32Array
  readonly random: Random
}

/** A transform of a whole batch, ready to run. */
export interface Step {
  /** Of an image after it. Where it is the one before, images are changed in place. */
  readonly shape: ImageShape
  /**
   * @param from [count, C, H, W]
   * @param into [count, C, H, W] of `shape`; the same array as `from` where the shape stays
   */
  run(from: Float32Array, into: Float32Array, context: StepContext): void
}

export type TransformOf<Kind extends Transform['kind']> = Extract<Transform, { kind: Kind }>

/** @throws KerfError `bad-transform` unless it holds */
export function check(holds: boolean, transform: Transform, problem: string): void {
  if (!holds)
    throw new KerfError('bad-transform', `Transform ${transform.kind}: ${problem}.`, { transform: { ...transform } })
}

export const isCount = (n: number): boolean => Number.isInteger(n) && n >= 1
