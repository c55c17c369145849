/**
 * Lines for the end of a message, each on a line of its own and indented; of very many the first ones, and how many more there are.
 * Starts with the end of a line.
 */
export function indentedLines(lines: readonly string[], limit = 30, indent = '  '): string {
  const shown = lines.length > limit ? [...lines.slice(0, limit), `and ${lines.length - limit} more`] : lines
  return shown.map((line) => `\n${indent}${line}`).join('')
}

/**
 * A text from a file for a terminal, which would obey control characters: they become U+FFFD, but for the characters in `kept`. So do those that
 * break lines or turn the direction of writing round, and would show something else than what is there.
 */
export const withoutControls = (text: string, kept = ''): string =>
  printable.test(text) ? text : text.replace(controls, (c) => (kept.includes(c) ? c : '\ufffd'))

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g
/** Most texts, in which there is nothing to look for. */
const printable = /^[\x20-\x7e]*$/

/** Longer than any name that a person reads. */
const longestQuote = 300
const longestText = 10_000

/** A text of which the middle is left out where it is longer than `most` characters. */
const cut = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most / 2)} … ${text.slice(-most / 2)}`

/** A message without the greater part of what it quotes from a file, where that is very long: it stays a message. */
export const shortened = (message: string): string =>
  message.length <= longestQuote
    ? message
    : cut(
        message.replaceAll(/"[^"]*"/g, (quote) => cut(quote, longestQuote)),
        longestText,
      )
