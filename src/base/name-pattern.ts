/** Picks layers, tensors or values by their names. */
export interface NamePattern {
  /** As it was written, for messages. */
  readonly text: string
  matches(name: string): boolean
}

/**
 * A glob over names: `*` any characters, `?` one, `[a-c]` one of these (`[!a-c]` none), `{one,two}`, `{1..3}` and `(a|b)` alternatives, these with `?`, `*` or `+` in
 * front so often; a `!` in front of all: whatever does not match; a backslash makes the next character mean itself. Slashes and dots mean nothing
 * special in names. A name always matches itself.
 */
export function namePattern(text: string): NamePattern {
  const negated = text.startsWith('!')
  const source = new GlobReader(negated ? text.slice(1) : text).read()
  const expression = new RegExp(`^(?:${source})$`, 's')
  return { text, matches: (name) => name === text || expression.test(name) !== negated }
}

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/** How often what is in the parentheses of `@(a|b)` may stand. */
const quantifiers: Readonly<Record<string, string>> = { '@': '', '?': '?', '*': '*', '+': '+' }

class GlobReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** A regular expression for all up to one of these characters, or the end. */
  read(until = ''): string {
    let out = ''
    while (this.#at < this.#text.length && !until.includes(this.#text[this.#at]!)) out += this.#next()
    return out
  }

  #next(): string {
    const c = this.#text[this.#at]!
    const counted = c in quantifiers && this.#text[this.#at + 1] === '('
    if (c === '(' || counted) {
      const group = this.#alternatives(counted ? 2 : 1, '|', ')')
      if (group !== undefined) return `(?:${group})${counted ? quantifiers[c] : ''}`
    }
    if (c === '[') {
      const set = /^\[([!^]?)(\]?[^\]]*)\]/.exec(this.#text.slice(this.#at))
      if (set) {
        this.#at += set[0].length
        return `[${set[1] ? '^' : ''}${set[2]!.replace(/[\\[\]^]/g, '\\$&')}]`
      }
    }
    if (c === '{') {
      const range = /^\{(-?\d+)\.\.(-?\d+)\}/.exec(this.#text.slice(this.#at))
      if (range) {
        this.#at += range[0].length
        const [from, to] = [Number(range[1]), Number(range[2])]
        const numbers = Array.from({ length: Math.abs(to - from) + 1 }, (_, i) => Math.min(from, to) + i)
        return `(?:${numbers.join('|')})`
      }
      const group = this.#alternatives(1, ',', '}')
      if (group?.includes('|')) return `(?:${group})`
    }
    this.#at++
    if (c === '*') return '.*'
    if (c === '?') return '.'
    if (c === '\\' && this.#at < this.#text.length) return literal(this.#text[this.#at++]!)
    return literal(c)
  }

  /** What stands between brackets, as `a|b`; undefined, and nothing is read, where they do not close. */
  #alternatives(open: number, separator: string, close: string): string | undefined {
    const start = this.#at
    this.#at += open
    const parts: string[] = []
    for (;;) {
      parts.push(this.read(separator + close))
      const end = this.#text[this.#at++]
      if (end === close && (parts.length > 1 || close === ')')) return parts.join('|')
      if (end === undefined || end === close) {
        this.#at = start
        return undefined
      }
    }
  }
}
