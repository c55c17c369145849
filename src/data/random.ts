import type { Random } from '../base/index.ts'

/** 0, 1, … count − 1. */
export const counting = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i)

/**
 * A number in 0..1 from the Beta distribution: X / (X + Y) of two Gamma variables.
 * @param a,b greater than 0; small ones put nearly all numbers at 0 and 1
 */
export function beta(a: number, b: number, random: Random): number {
  // In logarithms: for small parameters both Gamma variables may be too small for a number.
  return 1 / (1 + Math.exp(logGamma(b, random) - logGamma(a, random)))
}

/**
 * The logarithm of a number from the Gamma distribution of scale 1.
 * Source: Marsaglia and Tsang, A simple method for generating gamma variables (2000); their section 6 for shapes below 1.
 */
function logGamma(shape: number, random: Random): number {
  if (shape < 1) return logGamma(shape + 1, random) + Math.log(1 - random.uniform()) / shape
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = random.normal()
    const v = (1 + c * x) ** 3
    if (v > 0 && Math.log(1 - random.uniform()) < x ** 2 / 2 + d * (1 - v + Math.log(v))) return Math.log(d * v)
  }
}
