import { KerfError } from './error.ts'

/*
 * Polynomials with rational coefficients and integer exponents (negative ones too: a division by the number of groups), exact in
 * evaluation. The counter evaluates the same objects that `kerf formulas` prints, so a printed formula cannot disagree with a count.
 */

/** A product of powers with a rational factor. */
export interface Term {
  /** Of the factor, in lowest terms; it has the sign. */
  readonly numerator: bigint
  /** Of the factor; above 0. */
  readonly denominator: bigint
  /** Exponents by the names of the variables; negative ones divide. */
  readonly powers: ReadonlyMap<string, number>
}

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? (a < 0n ? -a : a) : gcd(b, a % b))

function reduce(numerator: bigint, denominator: bigint): [bigint, bigint] {
  const d = gcd(numerator, denominator) * (denominator < 0n ? -1n : 1n)
  return [numerator / d, denominator / d]
}

const keyOf = (powers: ReadonlyMap<string, number>): string =>
  [...powers]
    .filter(([, p]) => p !== 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([v, p]) => `${v}^${p}`)
    .join('*')

/** A finite decimal such as 0.25 as an exact fraction. */
function fractionOf(value: number): [bigint, bigint] {
  if (Number.isInteger(value)) return [BigInt(value), 1n]
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value))
  if (!match) throw new KerfError('not-a-number', `${value} is not a finite number.`, { value })
  const digits = match[3] ?? ''
  const exponent = Number(match[4] ?? 0) - digits.length
  const n = BigInt(`${match[1]}${match[2]}${digits}`)
  return exponent >= 0 ? [n * 10n ** BigInt(exponent), 1n] : reduce(n, 10n ** BigInt(-exponent))
}

/** What can stand beside a polynomial in a calculation. Finite decimals are taken as exact fractions. */
export type Operand = Polynomial | number

/** A polynomial with rational factors, exact. Negative exponents are allowed: `1/C + 1/k²`. Calculations give new ones. */
export class Polynomial {
  /** In the order in which they were written, which is the order of printing. */
  readonly terms: readonly Term[]

  private constructor(terms: Iterable<Term>) {
    const merged = new Map<string, Term>()
    for (const t of terms) {
      const key = keyOf(t.powers)
      const before = merged.get(key)
      if (!before) merged.set(key, t)
      else {
        const [n, d] = reduce(
          before.numerator * t.denominator + t.numerator * before.denominator,
          before.denominator * t.denominator,
        )
        merged.set(key, { ...before, numerator: n, denominator: d })
      }
    }
    this.terms = [...merged.values()].filter((t) => t.numerator !== 0n)
  }

  /**
   * A number.
   * @param value finite; a decimal such as 0.25 is taken as the fraction that it is written as
   * @throws KerfError `not-a-number` for NaN and infinities
   */
  static constant(value: number): Polynomial {
    const [numerator, denominator] = fractionOf(value)
    return new Polynomial([{ numerator, denominator, powers: new Map() }])
  }

  /**
   * A variable.
   * @param name `C`; `C_in` is printed with an index
   */
  static variable(name: string): Polynomial {
    return new Polynomial([{ numerator: 1n, denominator: 1n, powers: new Map([[name, 1]]) }])
  }

  /**
   * A number as a polynomial, or the polynomial itself.
   * @param value either
   */
  static of(value: Operand): Polynomial {
    return typeof value === 'number' ? Polynomial.constant(value) : value
  }

  /**
   * The sum.
   * @param other what is added
   */
  plus(other: Operand): Polynomial {
    return new Polynomial([...this.terms, ...Polynomial.of(other).terms])
  }

  /**
   * The difference.
   * @param other what is taken away
   */
  minus(other: Operand): Polynomial {
    return this.plus(Polynomial.of(other).times(-1))
  }

  /**
   * The product.
   * @param others all are multiplied
   */
  times(...others: Operand[]): Polynomial {
    let product: Term[] = [...this.terms]
    for (const other of others)
      product = product.flatMap((a) =>
        Polynomial.of(other).terms.map((b) => {
          const powers = new Map(a.powers)
          for (const [v, p] of b.powers) powers.set(v, (powers.get(v) ?? 0) + p)
          const [numerator, denominator] = reduce(a.numerator * b.numerator, a.denominator * b.denominator)
          return { numerator, denominator, powers: new Map([...powers].filter(([, p]) => p !== 0)) }
        }),
      )
    return new Polynomial(product)
  }

  /**
   * A power.
   * @param n a whole number; below 0 this must be a single term
   * @throws KerfError `not-a-term`
   */
  power(n: number): Polynomial {
    if (n < 0) return Polynomial.constant(1).over(this.power(-n))
    let result = Polynomial.constant(1)
    for (let i = 0; i < n; i++) result = result.times(this)
    return result
  }

  /**
   * Division by a single term.
   * @param divisor a number, or a polynomial of one term
   * @throws KerfError `not-a-term` for any other
   */
  over(divisor: Operand): Polynomial {
    const [t, ...more] = Polynomial.of(divisor).terms
    if (!t || more.length > 0)
      throw new KerfError('not-a-term', `Cannot divide by ${Polynomial.of(divisor)}: only by a single term.`)
    const sign = t.numerator < 0n ? -1n : 1n
    const inverse = new Polynomial([
      {
        numerator: sign * t.denominator,
        denominator: sign * t.numerator,
        powers: new Map([...t.powers].map(([v, p]) => [v, -p])),
      },
    ])
    return this.times(inverse)
  }

  /**
   * Replaces variables by polynomials (or numbers); the others stay.
   * @param values by the names of variables
   */
  substitute(values: Readonly<Record<string, Operand>>): Polynomial {
    let sum = new Polynomial([])
    for (const t of this.terms) {
      let product = new Polynomial([{ numerator: t.numerator, denominator: t.denominator, powers: new Map() }])
      for (const [v, p] of t.powers)
        product = product.times(Polynomial.of(values[v] ?? Polynomial.variable(v)).power(p))
      sum = sum.plus(product)
    }
    return sum
  }

  /**
   * The same polynomial, printed with the variables of each term in this order; those not named come last.
   * @param names of variables
   */
  ordered(names: readonly string[]): Polynomial {
    const place = (name: string) => (names.includes(name) ? names.indexOf(name) : names.length)
    return new Polynomial(
      this.terms.map((t) => ({ ...t, powers: new Map([...t.powers].sort(([a], [b]) => place(a) - place(b))) })),
    )
  }

  /** The names that are in it. */
  variables(): Set<string> {
    return new Set(this.terms.flatMap((t) => [...t.powers.keys()]))
  }

  /**
   * The exact value, as the nearest number.
   * @param values a number for every variable
   * @throws KerfError `missing-variable` when a variable has no value.
   */
  evaluate(values: Readonly<Record<string, number>>): number {
    let n = 0n
    let d = 1n
    for (const t of this.terms) {
      let tn = t.numerator
      let td = t.denominator
      for (const [v, p] of t.powers) {
        const value = values[v]
        if (value === undefined)
          throw new KerfError('missing-variable', `No value for ${v} in ${this}.`, { variable: v })
        const [vn, vd] = fractionOf(value)
        tn *= (p > 0 ? vn : vd) ** BigInt(Math.abs(p))
        td *= (p > 0 ? vd : vn) ** BigInt(Math.abs(p))
      }
      if (td === 0n) throw new KerfError('division-by-zero', `${this} divides by zero.`)
      n = n * td + tn * d
      d *= td
      if (d !== 1n) [n, d] = reduce(n, d)
    }
    return d === 1n ? Number(n) : Number(n) / Number(d)
  }

  /** `2·H·W·C + k²·C²` */
  toString(): string {
    return print(
      this.terms,
      plain((factors) => factors.join('·')),
    )
  }

  /** `2HWC + k²C²`: the same without dots, except beside names of more than one letter (`HWk²·C_in·C_out`). */
  toShortString(): string {
    return print(this.terms, plain(juxtaposed))
  }

  /**
   * `2·56·56·64 + 3²·64²`: with numbers in the place of variables.
   * @param values by the names of variables; those without stay as they are
   */
  withNumbers(values: Readonly<Record<string, number>>): string {
    const number = (v: string) => (values[v] === undefined ? v : String(values[v]))
    return print(this.terms, { ...plain((factors) => factors.join('·')), factor: (v, p) => number(v) + raised(p) })
  }

  /** `2HWC + k^{2}C^{2}` for LaTeX's math mode; names such as `C_in` become `C_{\mathrm{in}}`. */
  toLatex(): string {
    return print(this.terms, {
      factor: (v, p) => latexName(v) + (p === 1 ? '' : `^{${p}}`),
      product: (factors) => factors.join(' '),
      fraction: (n, d) => `\\frac{${n}}{${d.join(' ')}}`,
    })
  }
}

const raised = (p: number): string => (p === 1 ? '' : superscript(p))

const superscript = (p: number): string => [...String(p)].map((c) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(c)] ?? c).join('')

const latexName = (v: string): string =>
  v.replace(/^(.)_(.+)$/, (_, head: string, tail: string) => `${head}_{\\mathrm{${tail}}}`)

interface Notation {
  factor(variable: string, power: number): string
  product(factors: readonly string[]): string
  fraction(numerator: string, denominator: readonly string[]): string
}

const plain = (product: Notation['product']): Notation => ({
  factor: (v, p) => v + raised(p),
  product,
  fraction: (n, d) => `${n}/${d.length > 1 ? `(${product(d)})` : d[0]}`,
})

const isLetter = (factor: string): boolean => /^(\p{L}[⁰¹²³⁴⁵⁶⁷⁸⁹]*|\d+)$/u.test(factor)

const juxtaposed = (factors: readonly string[]): string =>
  factors.reduce((all, f, i) => all + (i === 0 || (isLetter(f) && isLetter(factors[i - 1]!)) ? '' : '·') + f, '')

function print(terms: readonly Term[], n: Notation): string {
  if (terms.length === 0) return '0'
  return terms
    .map((t, i) => {
      const sign = t.numerator < 0n ? (i ? ' − ' : '−') : i ? ' + ' : ''
      const size = t.numerator < 0n ? -t.numerator : t.numerator
      const above = [...t.powers].filter(([, p]) => p > 0).map(([v, p]) => n.factor(v, p))
      const below = [...t.powers].filter(([, p]) => p < 0).map(([v, p]) => n.factor(v, -p))
      if (size !== 1n || above.length === 0) above.unshift(String(size))
      if (t.denominator !== 1n) below.unshift(String(t.denominator))
      const top = n.product(above)
      return sign + (below.length === 0 ? top : n.fraction(top, below))
    })
    .join('')
}

/**
 * A variable, as a polynomial: `variable('C').times(2)`.
 * @param name see `Polynomial.variable`
 */
export const variable = (name: string): Polynomial => Polynomial.variable(name)
