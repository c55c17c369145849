/*
 * LaTeX formulas as trees, which formula-text.ts and formula-mathml.ts print. It reads what the experiments use:
 *   letters, numbers, operators; \alpha … \Phi, \cdot … (`symbols`); \max … (`words`); \operatorname{…}, \text{…}, \mathrm{…}
 *   \frac{…}{…}, \sqrt{…}, x_{…}^{…}, \left( … \right), \lvert … \rvert, spaces (`spaces`)
 */

export type Formula =
  | { readonly kind: 'row'; readonly items: readonly Formula[] }
  /** A variable, or what stands for one. */
  | { readonly kind: 'letter' | 'number' | 'operator' | 'open' | 'close'; readonly text: string }
  /** ∑ and ∏, whose limits stand below and above in lines of their own. */
  | { readonly kind: 'large'; readonly text: string }
  /** The name of a function. */
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'text'; readonly inside: Formula }
  | { readonly kind: 'fraction'; readonly above: Formula; readonly below: Formula }
  | { readonly kind: 'root'; readonly inside: Formula }
  /** In the order in which they are written. */
  | { readonly kind: 'scripts'; readonly base: Formula; readonly scripts: readonly Script[] }
  /** Brackets as high as what is in them. */
  | { readonly kind: 'fenced'; readonly open: string; readonly inside: Formula; readonly close: string }
  | { readonly kind: 'space'; readonly em: number }
  /** Of the source; LaTeX passes over it. */
  | { readonly kind: 'blank' }

export interface Script {
  readonly sign: '^' | '_'
  readonly inside: Formula
}

export interface ReadFormula {
  readonly formula: Formula
  /** What could not be understood, in words; the formula has its best guess. */
  readonly problems: readonly string[]
}

const letters: Readonly<Record<string, string>> = {
  alpha: 'α',
  beta: 'β',
  gamma: 'γ',
  eta: 'η',
  lambda: 'λ',
  mu: 'μ',
  pi: 'π',
  sigma: 'σ',
  Delta: 'Δ',
  Phi: 'Φ',
  ell: 'ℓ',
  partial: '∂',
  infty: '∞',
}

const operators: Readonly<Record<string, string>> = {
  cdot: '·',
  times: '×',
  le: '≤',
  ge: '≥',
  ne: '≠',
  approx: '≈',
  sim: '~',
  to: '→',
  in: '∈',
  ldots: '…',
  odot: '⊙',
  '%': '%',
}

const fences: Readonly<Record<string, Formula>> = {
  lvert: { kind: 'open', text: '|' },
  rvert: { kind: 'close', text: '|' },
  lVert: { kind: 'open', text: '‖' },
  rVert: { kind: 'close', text: '‖' },
  '{': { kind: 'open', text: '{' },
  '}': { kind: 'close', text: '}' },
}

const large: Readonly<Record<string, string>> = { sum: '∑', prod: '∏' }
const words = new Set(['max', 'min', 'log', 'ln', 'exp'])
/** In em. */
const spaces: Readonly<Record<string, number>> = { quad: 1, ',': 0.167, ';': 0.278, ' ': 0.25, '!': 0, big: 0, Big: 0 }

/** @param latex without its dollars */
export function readFormula(latex: string): ReadFormula {
  const reader = new Reader(latex)
  return { formula: reader.all(), problems: reader.problems }
}

class Reader {
  readonly problems: string[] = []
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  all(): Formula {
    const formula = this.#row(() => false)
    if (this.#at < this.#text.length) this.problems.push('there is a } without its {')
    return formula
  }

  /** Up to a closing brace, the end, or where `ends` says. */
  #row(ends: () => boolean): Formula {
    const items: Formula[] = []
    while (this.#at < this.#text.length && this.#text[this.#at] !== '}' && !ends()) {
      const c = this.#text[this.#at]
      if (c === '^' || c === '_') items.push(this.#scripts(items.pop() ?? { kind: 'row', items: [] }))
      else items.push(this.#atom())
    }
    return { kind: 'row', items }
  }

  #scripts(base: Formula): Formula {
    const scripts: Script[] = []
    for (let sign = this.#text[this.#at]; sign === '^' || sign === '_'; sign = this.#text[this.#at]) {
      this.#at++
      scripts.push({ sign, inside: this.#argument() })
    }
    return { kind: 'scripts', base, scripts }
  }

  /** A group in braces, a command, a number or a single character. */
  #atom(): Formula {
    const number = /^\d+(\.\d+)?/.exec(this.#text.slice(this.#at))?.[0]
    if (number !== undefined) {
      this.#at += number.length
      return { kind: 'number', text: number }
    }
    const c = this.#text[this.#at++]!
    if (c === '{') return this.#group()
    if (c === '\\') return this.#command()
    if (/\s/.test(c)) return { kind: 'blank' }
    if (/\p{Letter}/u.test(c)) return { kind: 'letter', text: c }
    if (c === '(' || c === '[') return { kind: 'open', text: c }
    if (c === ')' || c === ']') return { kind: 'close', text: c }
    return { kind: 'operator', text: c === '-' ? '−' : c }
  }

  #group(): Formula {
    const inside = this.#row(() => false)
    if (this.#text[this.#at++] !== '}') this.problems.push('there is a { without its }')
    return inside
  }

  #command(): Formula {
    const name = this.#name()
    switch (name) {
      case 'frac':
        return { kind: 'fraction', above: this.#argument(), below: this.#argument() }
      case 'sqrt':
        return { kind: 'root', inside: this.#argument() }
      case 'operatorname':
      case 'mathrm':
      case 'text':
        return { kind: 'text', inside: this.#argument() }
      case 'left':
        return this.#fenced()
      default:
        return this.#symbol(name)
    }
  }

  #symbol(name: string): Formula {
    if (name in letters) return { kind: 'letter', text: letters[name]! }
    if (name in operators) return { kind: 'operator', text: operators[name]! }
    if (name in fences) return fences[name]!
    if (name in large) return { kind: 'large', text: large[name]! }
    if (name in spaces) return { kind: 'space', em: spaces[name]! }
    if (!words.has(name)) this.problems.push(`\\${name} is not known`)
    return { kind: 'word', text: name }
  }

  #name(): string {
    const name = /^([A-Za-z]+|.)/.exec(this.#text.slice(this.#at))?.[0] ?? ''
    this.#at += name.length
    return name
  }

  #fenced(): Formula {
    const open = this.#bracket()
    const inside = this.#row(() => this.#text.startsWith('\\right', this.#at))
    const closed = this.#text.startsWith('\\right', this.#at)
    if (!closed) this.problems.push('there is a \\left without its \\right')
    this.#at += closed ? '\\right'.length : 0
    return { kind: 'fenced', open, inside, close: closed ? this.#bracket() : '' }
  }

  #bracket(): string {
    const atom = this.#atom()
    return 'text' in atom ? atom.text : ''
  }

  #argument(): Formula {
    while (this.#text[this.#at] === ' ') this.#at++
    if (this.#at < this.#text.length && this.#text[this.#at] !== '}') return this.#atom()
    this.problems.push('something is missing at its end')
    return { kind: 'row', items: [] }
  }
}
