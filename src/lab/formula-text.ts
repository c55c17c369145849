import { type Formula, readFormula, type Script } from './formula.ts'

/*
 * LaTeX formulas as plain text, for terminals: `\frac{\sigma^2}{k}` → `σ²/k`. What formula.ts does not know stays as it is, without the backslash.
 */

const superscripts: Readonly<Record<string, string>> = Object.fromEntries(
  [...'0123456789+-n'].map((c, i) => [c, [...'⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ'][i]!]),
)
const subscripts: Readonly<Record<string, string>> = Object.fromEntries(
  [...'0123456789'].map((c, i) => [c, [...'₀₁₂₃₄₅₆₇₈₉'][i]!]),
)

/** A formula, without its dollars. */
export function formulaText(latex: string): string {
  return textOf(readFormula(latex).formula).replace(/ {2,}/g, ' ').trim()
}

/**
 * Prose in which every formula is plain text, as terminals show it.
 * @param prose with formulas in LaTeX, between dollars: what experiments claim and note
 */
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

/** Sums as words of terminals have them. */
const plain: Readonly<Record<string, string>> = { '∑': 'Σ', '∏': 'Π' }

/** A formula, or a part of one, with the blanks of its source. */
export function textOf(f: Formula): string {
  switch (f.kind) {
    case 'row':
      return f.items.map(textOf).join('')
    case 'text':
    case 'root':
      return f.kind === 'root' ? `√${grouped(textOf(f.inside))}` : textOf(f.inside)
    case 'fraction':
      return `${grouped(textOf(f.above))}/${grouped(textOf(f.below))}`
    case 'scripts':
      return `${textOf(f.base)}${f.scripts.map(raised).join('')}`
    case 'fenced':
      return `${f.open}${textOf(f.inside)}${f.close}`
    case 'space':
      return ' '.repeat(Math.ceil(f.em * 2))
    case 'blank':
      return ' '
    default:
      return plain[f.text] ?? f.text
  }
}

/** Small letters where there are such for all of it. */
function raised({ sign, inside }: Script): string {
  const small = sign === '^' ? superscripts : subscripts
  const text = textOf(inside)
  const letters = [...text].map((c) => small[c === '−' ? '-' : c])
  if (letters.every((c) => c !== undefined)) return letters.join('')
  return [...text].length === 1 || sign === '_' ? `${sign}${text}` : `${sign}(${text})`
}

/** In parentheses, unless it is one thing. */
const grouped = (text: string): string =>
  /^[\p{Letter}\p{Number}.∂]+[⁰-⁹²³¹]*(_\w+)?$/u.test(text) || /^(\([^()]*\)|[|‖][^|‖]*[|‖])[₀-₉]*$/u.test(text)
    ? text
    : `(${text})`
