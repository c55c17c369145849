import { withoutControls } from '../base/index.ts'

/** Where a command writes: the process's streams, or a test's strings. */
export interface Io {
  /** What the user asked for. */
  out(text: string): void
  /** Messages about it. */
  err(text: string): void
  /** Width of the terminal in columns; undefined where the output is none. */
  readonly columns?: number
  readonly color: boolean
  /** A terminal for messages, whose last line may be drawn again; undefined where they go to a file or a pipe. */
  readonly terminal?: NodeJS.WriteStream
}

/** The process's own streams. A reader that goes away (`| head`) ends the output, quietly. */
export function processIo(): Io {
  const { stdout, stderr } = process
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return
    stderr.write(`kerf: the output cannot be written: ${error.message}\n`)
    process.exit(1)
  })
  // Nowhere is left to say that messages cannot be written.
  stderr.on('error', () => {})
  return {
    out: (text) => void stdout.write(printable(text)),
    err: (text) => void stderr.write(printable(text)),
    columns: stdout.isTTY ? stdout.columns : undefined,
    terminal: stderr.isTTY && process.env.TERM !== 'dumb' ? stderr : undefined,
    color: wantsColor(process.env, stdout.isTTY),
  }
}

/** Whatever a text quotes from a file, a terminal obeys nothing in it but line breaks, tabs and the styles that Kerf sets. */
export const printable = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences of picocolors
    .split(/(\u001b\[\d{1,2}m)/)
    .map((part, i) => (i % 2 === 1 ? part : withoutControls(part, '\n\r\t')))
    .join('')

/**
 * Whether output is coloured. `FORCE_COLOR` decides where it is set: 0 and `false` mean no, everything else yes, also into a pipe. Then `NO_COLOR`
 * (https://no-color.org); then whether the output is a terminal that knows colours.
 */
export function wantsColor(env: NodeJS.ProcessEnv, isTerminal: boolean | undefined): boolean {
  const { FORCE_COLOR: forced, NO_COLOR: refused, TERM: terminal } = env
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return isTerminal === true && !refused && terminal !== 'dumb'
}
