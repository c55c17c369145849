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
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    columns: stdout.isTTY ? stdout.columns : undefined,
    terminal: stderr.isTTY && process.env.TERM !== 'dumb' ? stderr : undefined,
    color: stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb',
  }
}
