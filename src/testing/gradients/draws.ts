import type { Random } from '../../base/index.ts'

// Values for gradient checks that keep away from kinks: a step of 1e-5 to both sides must not cross one.

/** All elements at least 0.1 from one another, in random order: for maxima and sorting. */
export const apart = (random: Random, _input: number, count: number): number[] => {
  const values = Array.from({ length: count }, (_, i) => (i - count / 2) * 0.2 + 0.1 * random.uniform())
  for (let i = count - 1; i > 0; i--) {
    const other = random.below(i + 1)
    ;[values[i], values[other]] = [values[other]!, values[i]!]
  }
  return values
}

/** At least 0.05 from 0, from 1 and from −1, which are the corners of most activations. */
export const awayFromCorners = (random: Random): number => {
  for (;;) {
    const x = 2 * random.normal()
    if ([-3, -1, -0.5, 0, 0.5, 1, 3, 6].every((corner) => Math.abs(x - corner) > 0.05)) return x
  }
}

/** Between 0.3 and 2: for logarithms, roots and divisors. */
export const positive = (random: Random): number => 0.3 + 1.7 * random.uniform()
