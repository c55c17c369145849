import { Polynomial } from '../base/index.ts'

/** A quotient of polynomials in lowest terms as far as single factors go: `(4HW + k² + C)/(2HW + k²C)`. */
export interface RationalFunction {
  /** What is divided. */
  readonly numerator: Polynomial
  /** 1 wherever the division comes out as a polynomial (with negative powers): `1/C + 1/k²`. */
  readonly denominator: Polynomial
}

/** @throws KerfError when b is zero */
export function ratioOf(a: Polynomial, b: Polynomial): RationalFunction {
  const one = Polynomial.constant(1)
  if (b.terms.length <= 1) return { numerator: a.over(b), denominator: one }
  const factor = commonFactor(a, b)
  const numerator = a.over(factor)
  const denominator = b.over(factor)
  return String(numerator) === String(denominator) ? { numerator: one, denominator: one } : { numerator, denominator }
}

/** The largest single term that divides both. */
function commonFactor(a: Polynomial, b: Polynomial): Polynomial {
  const terms = [...a.terms, ...b.terms]
  let factor = Polynomial.constant(1)
  for (const v of new Set([...a.variables(), ...b.variables()])) {
    const lowest = Math.min(...terms.map((t) => t.powers.get(v) ?? 0))
    factor = factor.times(Polynomial.variable(v).power(lowest))
  }
  const common = terms.map((t) => t.numerator).reduce(gcd, 0n)
  return factor.times(common === 0n ? 1 : Number(common))
}

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? (a < 0n ? -a : a) : gcd(b, a % b))
