import { KerfError } from '../base/index.ts'
import { escapeHtml } from '../report/index.ts'
import { type Formula, readFormula, type Script } from './formula.ts'
import { textOf } from './formula-text.ts'

/**
 * A formula as MathML, which browsers typeset with their own fonts.
 * @param latex without its dollars
 * @param display in a line of its own
 * @throws KerfError `bad-formula` for LaTeX that is not known here (see formula.ts)
 */
export function formulaMathml(latex: string, display: boolean): string {
  const { formula, problems } = readFormula(latex)
  if (problems.length > 0)
    throw new KerfError('bad-formula', `The formula ${latex} cannot be typeset: ${problems.join(', ')}.`, { problems })
  return `<math${display ? ' display="block"' : ''}>${new Printer(display).print(formula)}</math>`
}

class Printer {
  readonly #display: boolean

  constructor(display: boolean) {
    this.#display = display
  }

  print(f: Formula): string {
    switch (f.kind) {
      case 'row':
        return row(f.items.map((item, i) => this.print(item) + gapAfter(item, f.items.slice(i + 1))))
      case 'letter':
        // Capital Greek letters stand upright, as in print.
        return /[Α-Ω∞∂]/.test(f.text) ? `<mi mathvariant="normal">${f.text}</mi>` : `<mi>${f.text}</mi>`
      case 'number':
        return `<mn>${f.text}</mn>`
      case 'operator':
      case 'large':
        return `<mo>${escapeHtml(f.text)}</mo>`
      case 'open':
      case 'close':
        return fence(f.text, f.kind === 'open' ? 'prefix' : 'postfix', false)
      case 'word':
        return `<mi>${f.text}</mi>`
      case 'text':
        return `<mtext>${escapeHtml(textOf(f.inside))}</mtext>`
      case 'fraction':
        return `<mfrac>${this.print(f.above)}${this.print(f.below)}</mfrac>`
      case 'root':
        return `<msqrt>${this.print(f.inside)}</msqrt>`
      case 'fenced':
        return row([fence(f.open, 'prefix', true), this.print(f.inside), fence(f.close, 'postfix', true)])
      case 'scripts':
        return this.#scripts(f.base, f.scripts)
      case 'space':
        return f.em === 0 ? '' : `<mspace width="${f.em}em"></mspace>`
      case 'blank':
        return ''
    }
  }

  #scripts(base: Formula, scripts: readonly Script[]): string {
    const low = scripts.find((s) => s.sign === '_')
    const high = scripts.find((s) => s.sign === '^')
    const limits = base.kind === 'large' || (base.kind === 'word' && this.#display)
    const [one, other] = limits ? ['munder', 'mover'] : ['msub', 'msup']
    const name = low && high ? (limits ? 'munderover' : 'msubsup') : low ? one : other
    return `<${name}>${[base, low?.inside, high?.inside].map((part) => part && this.print(part)).join('')}</${name}>`
  }
}

/** One element, as the arguments of others must be. */
const row = (parts: readonly string[]): string => `<mrow>${parts.join('')}</mrow>`

const fence = (text: string, form: 'prefix' | 'postfix', stretchy: boolean): string =>
  text === '' ? '' : `<mo form="${form}" stretchy="${stretchy}">${escapeHtml(text)}</mo>`

/** Between the name of a function and what it is of, unless that is in brackets. */
function gapAfter(item: Formula, rest: readonly Formula[]): string {
  const named = item.kind === 'scripts' ? item.base : item
  const next = rest.find((f) => f.kind !== 'blank')
  const isName = named.kind === 'word' || named.kind === 'text'
  const isClear =
    !next ||
    next.kind === 'space' ||
    (next.kind === 'open' && next.text === '(') ||
    next.kind === 'fenced' ||
    isSign(next)
  return isName && !isClear ? '<mspace width="0.167em"></mspace>' : ''
}

const isSign = (f: Formula): boolean => f.kind === 'operator' || f.kind === 'close'
