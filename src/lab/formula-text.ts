/*
 * LaTeX formulas as plain text, for terminals: `\frac{\sigma^2}{k}` → `σ²/k`. Knows what the experiments use; what it does not know stays as
 * it is, without the backslash.
 */

const symbols: Readonly<Record<string, string>> = {
  alpha: 'α',
  gamma: 'γ',
  eta: 'η',
  mu: 'μ',
  pi: 'π',
  sigma: 'σ',
  Delta: 'Δ',
  Phi: 'Φ',
  partial: '∂',
  sum: 'Σ',
  prod: 'Π',
  cdot: '·',
  times: '×',
  le: '≤',
  ge: '≥',
  ne: '≠',
  approx: '≈',
  sim: '~',
  to: '→',
  in: '∈',
  infty: '∞',
  ldots: '…',
  odot: '⊙',
  lvert: '|',
  rvert: '|',
  lVert: '‖',
  rVert: '‖',
  quad: '  ',
  left: '',
  right: '',
  big: '',
  Big: '',
  ',': ' ',
  ';': ' ',
  '!': '',
  ' ': ' ',
  '{': '{',
  '}': '}',
  '%': '%',
}

const superscripts: Readonly<Record<string, string>> = Object.fromEntries(
  [...'0123456789+-n'].map((c, i) => [c, [...'⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ'][i]!]),
)
const subscripts: Readonly<Record<string, string>> = Object.fromEntries(
  [...'0123456789'].map((c, i) => [c, [...'₀₁₂₃₄₅₆₇₈₉'][i]!]),
)

/** A formula, without its dollars. */
export function formulaText(latex: string): string {
  return new Reader(latex).sequence().replace(/ {2,}/g, ' ').trim()
}

/** Prose in which every formula is plain text. */
export function proseText(prose: string): string {
  return splitProse(prose)
    .map(({ text, formula }) => (formula ? formulaText(text) : text))
    .join('')
}

export interface ProsePart {
  readonly text: string
  /** LaTeX: `inline` within a sentence, `display` in lines of its own. */
  readonly formula?: 'inline' | 'display'
}

/** Prose as text and formulas. */
export function splitProse(prose: string): ProsePart[] {
  return prose
    .split(/(\$\$[^$]+\$\$|\$[^$]+\$)/)
    .filter((part) => part !== '')
    .map((part): ProsePart => {
      if (part.startsWith('$$')) return { text: part.slice(2, -2), formula: 'display' }
      if (part.startsWith('$') && part.length > 1) return { text: part.slice(1, -1), formula: 'inline' }
      return { text: part }
    })
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Up to the closing brace, or the end. */
  sequence(): string {
    let out = ''
    while (this.#at < this.#text.length && this.#text[this.#at] !== '}') out += this.#atom()
    return out
  }

  /** A group in braces, a command or a single character. */
  #atom(): string {
    const c = this.#text[this.#at++]!
    if (c === '{') {
      const inside = this.sequence()
      this.#at++
      return inside
    }
    if (c === '^') return this.#raised(superscripts, '^')
    if (c === '_') return this.#raised(subscripts, '_')
    if (c !== '\\') return c === '-' ? '−' : c
    const name = /^([A-Za-z]+|.)/.exec(this.#text.slice(this.#at))?.[0] ?? ''
    this.#at += name.length
    switch (name) {
      case 'frac':
        return `${grouped(this.#argument())}/${grouped(this.#argument())}`
      case 'sqrt':
        return `√${grouped(this.#argument())}`
      case 'operatorname':
      case 'text':
      case 'mathrm':
        return this.#argument()
      default:
        return symbols[name] ?? name
    }
  }

  #argument(): string {
    while (this.#text[this.#at] === ' ') this.#at++
    return this.#atom()
  }

  /** Small letters where there are such for all of it. */
  #raised(small: Readonly<Record<string, string>>, sign: string): string {
    const inside = this.#argument()
    const letters = [...inside].map((c) => small[c === '−' ? '-' : c])
    if (letters.every((c) => c !== undefined)) return letters.join('')
    return [...inside].length === 1 ? `${sign}${inside}` : `${sign}${sign === '_' ? inside : `(${inside})`}`
  }
}

/** In parentheses, unless it is one thing. */
const grouped = (text: string): string =>
  /^[\p{Letter}\p{Number}.∂]+[⁰-⁹²³¹]*(_\w+)?$/u.test(text) || /^(\([^()]*\)|[|‖][^|‖]*[|‖])[₀-₉]*$/u.test(text)
    ? text
    : `(${text})`
