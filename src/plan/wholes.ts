import type { Dense, InferredCall } from '../graph/index.ts'

/** What is known of whole numbers (int32) beforehand. */
export interface Wholes {
  /** Each is a float32 number. */
  readonly exact: boolean
  /** The largest, without its sign. */
  readonly most: number
}

/**
 * What the results of a call are, as whole numbers.
 * @param inputs undefined for those that are no whole numbers
 * @param constant the content of an input that is known beforehand
 */
export type WholesRule = (
  inputs: readonly (Wholes | undefined)[],
  call: InferredCall,
  constant: (input: number) => Dense | undefined,
) => Wholes
