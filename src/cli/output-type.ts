import { type Command, Option } from 'commander'
import { UsageError } from './errors.ts'

/** Endings of files that hold a network. */
export const modelEndings = ['onnx'] as const

/** `report.HTML` → `html`; undefined where a name has no ending, as `/dev/stdout` and `.txt` have none. */
export const endingOf = (path: string): string | undefined => path.match(/[^/\\]\.([^./\\]+)$/)?.[1]?.toLowerCase()

/**
 * Refuses a name that says another type than what is written. A name without an ending says nothing and is taken.
 * @param also a way out besides another ending: `give --format`
 * @throws UsageError
 */
export function checkEnding(path: string, endings: readonly string[], also?: string): void {
  const ending = endingOf(path)
  if (ending === undefined || endings.includes(ending)) return
  const offered = endings.map((e) => `.${e}`)
  throw new UsageError(
    `${path}: what is written here is no .${ending} file. Let the name end in ${offered.join(' or ')}${also ? `, or ${also}` : ''}.`,
  )
}

/**
 * The format that a file's name asks for.
 * @returns undefined where there is no file, or its name has no ending
 * @throws UsageError for an ending that is not offered
 */
export function formatByEnding<F extends string>(
  output: string | undefined,
  byEnding: Readonly<Record<string, F>>,
): F | undefined {
  if (output === undefined) return undefined
  checkEnding(output, Object.keys(byEnding), 'say the format with --format')
  return byEnding[endingOf(output) ?? '']
}

/** The formats of commands that print tables. */
export const tableFormats = ['table', 'json', 'csv', 'md', 'html'] as const
export type TableFormat = (typeof tableFormats)[number]
const tableFormatByEnding: Readonly<Record<string, TableFormat>> = {
  txt: 'table',
  json: 'json',
  csv: 'csv',
  md: 'md',
  html: 'html',
  htm: 'html',
}

/** As the flags say, else the file's name; on the terminal a table. */
export const tableFormatOf = (options: {
  readonly json?: boolean
  readonly format?: TableFormat
  readonly output?: string
}): TableFormat =>
  options.json ? 'json' : (options.format ?? formatByEnding(options.output, tableFormatByEnding) ?? 'table')

/** How to print, and where. @param usual the format on the terminal */
export const addFormatFlags = (command: Command, formats: readonly string[], usual: string): Command =>
  command
    .addOption(
      new Option(
        '-f, --format <format>',
        `how to print (default: as the name of the output file says, or ${usual})`,
      ).choices(formats),
    )
    .addOption(new Option('--json', 'the same as --format json').conflicts('format'))
    .option('-o, --output <file>', 'write to a file')
    .option('--force', 'replace the file if it exists')
