import { KerfError } from './error.ts'

/** Of each `m` consecutive inputs of a layer `n` weights stay. */
export interface NmPattern {
  /** How many stay, at least 1. */
  readonly n: number
  /** Of how many, more than `n`. */
  readonly m: number
}

/** Where the inputs of a layer's outputs lie in its weight. */
export interface InputRuns {
  /** Along which they lie. */
  readonly axis: number
  /** How many an output has: all of the axis, or, in groups of a transposed convolution, one of the equal runs that it lies in. */
  readonly run: number
}

/** @throws KerfError `bad-options` */
export function checkPattern({ n, m }: NmPattern): void {
  if (Number.isSafeInteger(n) && Number.isSafeInteger(m) && n >= 1 && n < m) return
  throw new KerfError(
    'bad-options',
    `The pattern ${n}:${m} is none. Give whole numbers N:M with 1 ≤ N < M, as in 2:4: so many weights stay of so many.`,
    { n, m },
  )
}

/**
 * 1 where a weight stays: of every `m` consecutive inputs of an output the `n` of highest score, of equal ones the first. A last run of fewer than `m` inputs
 * keeps `n` at most, as if zeros filled it (Zhou et al., ICLR 2021).
 * @param scores of a weight's elements, in their order
 * @param shape of the weight
 * @param inputs where its inputs lie
 */
export function highestOfRuns(
  scores: ArrayLike<number>,
  shape: readonly number[],
  { axis, run }: InputRuns,
  { n, m }: NmPattern,
): Uint8Array {
  const mask = new Uint8Array(scores.length)
  const size = shape[axis]!
  const inner = shape.slice(axis + 1).reduce((p, d) => p * d, 1)
  const order: number[] = []
  for (let outer = 0; outer < scores.length; outer += size * inner)
    for (let start = 0; start < size; start += run)
      for (let first = start; first < start + run; first += m)
        for (let i = 0; i < inner; i++) {
          order.length = 0
          for (let j = first; j < Math.min(first + m, start + run); j++) order.push(outer + j * inner + i)
          order.sort((a, b) => scores[b]! - scores[a]! || a - b)
          for (const at of order.slice(0, n)) mask[at] = 1
        }
  return mask
}
