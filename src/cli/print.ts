import colors from 'picocolors'
import { type Report, toTerminal } from '../report/index.ts'
import type { Io } from './io.ts'
import { writeWholeFile } from './output.ts'

/** A report for people, as wide as the terminal and in its colours; plain and uncut where the output is a file or a pipe. */
export function terminalText(report: Report, io: Io, toFile = false): string {
  if (toFile) return toTerminal(report)
  const { bold, dim } = colors.createColors(io.color)
  return toTerminal(report, { width: io.columns, bold, dim })
}

export interface Destination {
  /** Undefined: the standard output. */
  readonly output?: string
  readonly force?: boolean
  readonly inputs: readonly string[]
}

/** Prints the text, or writes it to a file and says so. */
export function deliver(text: string, io: Io, { output, force, inputs }: Destination): void {
  if (output === undefined) io.out(text)
  else {
    writeWholeFile(output, text, { force, inputs })
    io.err(`Wrote ${output}.\n`)
  }
}
