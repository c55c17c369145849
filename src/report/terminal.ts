import { largest, withoutControls } from '../base/index.ts'
import { allRows, cellText, isNumeric, shown } from './cell.ts'
import type { Cell, Column, Report, Table } from './table.ts'

/** How wide a terminal is, and how it sets text apart. */
export interface TerminalOptions {
  /** Columns of the terminal; by default as many as needed. */
  readonly width?: number
  /** Without one, plain text. */
  readonly bold?: (text: string) => string
  /** Of labels and rules, likewise. */
  readonly dim?: (text: string) => string
}

const gap = '  '
const plain = (text: string) => text
/** A shortened name still tells layers apart. */
const shortest = 14
/** Sentences are not broken into narrower columns than this, and tables with sentences not wider than `page` without a terminal. */
const narrowest = 24
const page = 120

/**
 * Text for a terminal. Where it is too narrow, sentences and facts take more lines and names are shortened, then counts are rounded,
 * then optional columns left out, which a note says; then headers are broken.
 */
export function toTerminal(report: Report, options: TerminalOptions = {}): string {
  const { bold = plain, dim = plain } = options
  const all = report.facts.map(([label, value]) => [shown(label), shown(value)] as const)
  const labelWidth = largest(
    all.map(([label]) => widthOf(label)),
    0,
  )
  const room = (options.width ?? Number.POSITIVE_INFINITY) - labelWidth - gap.length
  const facts = all
    .map(([label, value]) => {
      const [first, ...more] = (room < narrowest ? value : wrapped(value, room)).split('\n')
      return [
        `${dim(padEnd(label, labelWidth))}${gap}${first}`,
        ...more.map((line) => padEnd('', labelWidth) + gap + line),
      ].join('\n')
    })
    .join('\n')
  const head = [bold(shown(report.title)), ...(facts ? [facts] : [])].join('\n')
  const notes = (report.notes ?? []).map((note) => noteText(note, options.width))
  const parts = [head, ...report.tables.map((t) => terminalTable(t, options)), ...notes]
  return `${parts.join('\n\n')}\n`
}

/** What is indented is a command, to be copied as it is. */
const noteText = (note: string, width = Number.POSITIVE_INFINITY): string =>
  shown(note)
    .split('\n')
    .map((line) => (line.startsWith(' ') ? line : wrapped(line, width)))
    .join('\n')

function terminalTable(
  table: Table,
  { width = Number.POSITIVE_INFINITY, bold = plain, dim = plain }: TerminalOptions,
): string {
  const { columns, cells, notes, broken } = fitted(table, width)
  const rows = cells.map((row) => linesOf(row))
  const bodyWidths = widthsOf(columns, rows.flat())
  const isRight = columns.map(isNumeric)
  const header = linesOf(
    columns.map((c, i) =>
      broken.has(c) ? wrapped(c.header, Math.max(longestWord(c.header), bodyWidths[i]!)) : c.header,
    ),
    'bottom',
  )
  const widths = columns.map((_, i) =>
    largest(
      header.map((row) => widthOf(row[i]!)),
      bodyWidths[i],
    ),
  )
  const line = (row: readonly string[], style = plain) =>
    row
      .map((text, i) => style(isRight[i] ? padStart(text, widths[i]!) : padEnd(text, widths[i]!)))
      .join(gap)
      .trimEnd()
  const rule = dim('─'.repeat(widths.reduce((sum, w) => sum + w, gap.length * (columns.length - 1))))
  const body = table.total ? rows.slice(0, -1) : rows
  return [
    ...(table.title ? [bold(shown(table.title))] : []),
    ...header.map((row) => line(row, bold)),
    rule,
    ...body.flat().map((row) => line(row)),
    ...(table.total ? [rule, ...rows.at(-1)!.map((row) => line(row, bold))] : []),
    ...[...notes, ...(table.notes ?? [])].map((note) => noteText(note, width).replace(/.+/g, dim)),
  ].join('\n')
}

type Cells = readonly (readonly string[])[]

/** How wide the widest cell of each column is. */
const widthsOf = (columns: readonly Column[], cells: Cells): number[] =>
  columns.map((_, i) => cells.reduce((most, row) => Math.max(most, widthOf(row[i]!)), 0))

/** A row whose cells hold several lines, as rows of one line each. Shorter cells begin on the first line, or end on the last one. */
function linesOf(row: readonly string[], at: 'top' | 'bottom' = 'top'): (readonly string[])[] {
  // Most rows: they are many.
  if (!row.some((text) => text.includes('\n'))) return [row]
  const cells = row.map((text) => text.split('\n'))
  const height = largest(cells.map((lines) => lines.length))
  return Array.from({ length: height }, (_, i) =>
    cells.map((lines) => lines[at === 'top' ? i : i - height + lines.length] ?? ''),
  )
}

interface Fitted {
  readonly columns: readonly Column[]
  readonly cells: Cells
  readonly notes: readonly string[]
  /** Their headers take several lines. */
  readonly broken: ReadonlySet<Column>
}

const longestWord = (text: string): number => largest(text.split(' ').map(widthOf))

function fitted(table: Table, width: number): Fitted {
  const rows = allRows(table)
  const texts = (columns: readonly Column[], compact: boolean) => {
    const places = columns.map((c) => table.columns.indexOf(c))
    return rows.map((row) =>
      columns.map((c, i) => withoutControls(cellText(row[places[i]!] as Cell | undefined, c, { compact }))),
    )
  }
  let columns = table.columns
  let cells = texts(columns, false)
  let widths = widthsOf(columns, cells)
  if (!Number.isFinite(width)) {
    // Nothing but sentences needs to be shorter in a file.
    const sentences = columns.map(({ shorten: _, ...c }) => c)
    return { columns, cells: shortened(sentences, cells, widths, page), notes: [], broken: new Set() }
  }
  const broken = new Set<Column>()
  if (tableWidth(columns, widths) <= width) return { columns, cells, notes: [], broken }
  // Names may shrink to `shortest`, sentences to `narrowest`, not below.
  const fits = () => tableWidth(columns, widths, { atLeast: true, broken }) <= width
  const notes: string[] = []
  if (!fits()) {
    const compact = texts(columns, true)
    if (String(compact) !== String(cells)) notes.push('Counts are rounded to fit this terminal.')
    cells = compact
    widths = widthsOf(columns, cells)
  }
  const hidden: string[] = []
  const leaveOut = (from: number, enough: () => boolean) => {
    while (!enough()) {
      const most = Math.max(...columns.map((c) => Number(c.optional ?? 0)))
      if (most < from) break
      const last = columns.findLastIndex((c) => Number(c.optional ?? 0) === most)
      const { group } = columns[last]!
      const goes = (c: Column, i: number) => i === last || (group !== undefined && c.group === group)
      hidden.push(
        ...columns
          .filter(goes)
          .reverse()
          .map((c) => c.header),
      )
      columns = columns.filter((c, i) => !goes(c, i))
      cells = texts(columns, true)
      widths = widthsOf(columns, cells)
    }
  }
  // What matters least goes before names are shortened.
  leaveOut(2, () => tableWidth(columns, widths) <= width)
  leaveOut(1, fits)
  // The header that is most of its column first, and no more of them than needed.
  const excess = ({ header }: Column, i: number) => widthOf(header) - Math.max(widths[i]!, longestWord(header))
  for (const c of columns.toSorted((a, b) => excess(b, columns.indexOf(b)) - excess(a, columns.indexOf(a))))
    if (!fits() && excess(c, columns.indexOf(c)) > 0) broken.add(c)
  if (hidden.length > 0) notes.push(`Left out to fit this terminal: ${hidden.toReversed().join(', ')}.`)
  return { columns, cells: shortened(columns, cells, widths, width, broken), notes, broken }
}

interface WidthOptions {
  /** With columns that may shrink as narrow as they may become. */
  readonly atLeast?: boolean
  readonly broken?: ReadonlySet<Column>
}

/** @param widths of the widest cells, by column */
function tableWidth(
  columns: readonly Column[],
  widths: readonly number[],
  { atLeast = false, broken }: WidthOptions = {},
): number {
  const width = (c: Column, i: number) => {
    const header = broken?.has(c) ? longestWord(c.header) : widthOf(c.header)
    const natural = Math.max(widths[i]!, header)
    const least = c.wrap ? narrowest : shortest
    return atLeast && (c.shorten || c.wrap) ? Math.min(natural, Math.max(least, header)) : natural
  }
  return columns.reduce((sum, c, i) => sum + width(c, i), gap.length * (columns.length - 1))
}

/** Takes from the widest of the columns that may shrink, as much as is too wide. @param widths of the widest cells, by column */
function shortened(
  columns: readonly Column[],
  cells: Cells,
  widths: readonly number[],
  width: number,
  broken?: ReadonlySet<Column>,
): Cells {
  const limits = [...widths]
  const shrinking = columns.flatMap((c, i) => (c.shorten || c.wrap ? [i] : []))
  const least = (i: number) => (columns[i]?.wrap ? narrowest : shortest)
  for (let excess = tableWidth(columns, widths, { broken }) - width; excess > 0; excess--) {
    const widest = shrinking.reduce((a, b) => (limits[b]! > limits[a]! ? b : a), shrinking[0] ?? -1)
    if (widest < 0 || limits[widest]! <= least(widest)) break
    limits[widest] = limits[widest]! - 1
  }
  const shrunk = shrinking.filter((i) => limits[i]! < widths[i]!)
  if (shrunk.length === 0) return cells
  return cells.map((row) => {
    const own = [...row]
    for (const i of shrunk) own[i] = (columns[i]!.shorten ? shortenMiddle : wrapped)(row[i]!, limits[i]!)
    return own
  })
}

/** Broken between words into lines of at most so many cells; a word that is longer has a line of its own. */
function wrapped(text: string, width: number): string {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`
    if (lines.length > 0 && widthOf(longer) <= width) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines.join('\n')
}

/** `/features/features.0/Conv` → `/featur…0/Conv`: the end tells more than the start, so that it gets the odd character. */
export function shortenMiddle(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  const characters = [...text]
  const tail: string[] = []
  const head: string[] = []
  const room = width - 1
  let used = 0
  for (let turn = 0, i = 0, j = characters.length - 1; i <= j; turn++) {
    const next = (turn % 2 === 0 ? characters[j] : characters[i])!
    used += widthOf(next)
    if (used > room) break
    if (turn % 2 === 0) {
      tail.unshift(next)
      j--
    } else {
      head.push(next)
      i++
    }
  }
  return `${head.join('')}…${tail.join('')}`
}

const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60]/u

/** Before the first combining mark, and before all that is wide. */
const narrow = /^[\0-\u02ff]*$/

/** Cells that a text takes: Chinese, Japanese and Korean characters and emoji take two, combining marks none. */
export function widthOf(text: string): number {
  if (narrow.test(text)) return text.length
  let width = 0
  for (const c of text) width += /\p{Mark}|\u200d/u.test(c) ? 0 : wide.test(c) ? 2 : 1
  return width
}

const padEnd = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)))
const padStart = (text: string, width: number): string => ' '.repeat(Math.max(0, width - widthOf(text))) + text
