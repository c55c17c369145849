import { largest } from '../../base/index.ts'
import type { Bounds } from '../../graph/index.ts'

/*
 * Where the elements of an output lie, for operators whose inputs' bounds say something of it.
 */

type RangeRule = (inputs: readonly Bounds[]) => Bounds

export const clamped = (x: Bounds, { lo, hi }: Bounds): Bounds => ({
  lo: Math.min(Math.max(x.lo, lo), hi),
  hi: Math.max(Math.min(x.hi, hi), lo),
})

/** Its elements are some of X's, or lie between them. */
export const amongInput: RangeRule = ([x]) => x!

/** The same, and 0 may be among them: padding. */
export const amongInputAndZero: RangeRule = ([x]) => ({ lo: Math.min(x!.lo, 0), hi: Math.max(x!.hi, 0) })

export const amongInputs: RangeRule = (inputs) => ({
  lo: -largest(inputs.map((b) => -b.lo)),
  hi: largest(inputs.map((b) => b.hi)),
})

export const summed: RangeRule = (inputs) => ({
  lo: inputs.reduce((sum, b) => sum + b.lo, 0),
  hi: inputs.reduce((sum, b) => sum + b.hi, 0),
})

export const greatest: RangeRule = (inputs) => ({
  lo: largest(inputs.map((b) => b.lo)),
  hi: largest(inputs.map((b) => b.hi)),
})

/** Between 0 and 1 whatever comes in. */
export const probability: RangeRule = () => ({ lo: 0, hi: 1 })
