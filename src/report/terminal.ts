import { withoutControls } from '../base/index.ts'
import { allRows, cellText, isNumeric } from './cell.ts'
import type { Cell, Column, Report, Table } from './table.ts'

export interface TerminalOptions {
  /** Columns of the terminal; by default as many as needed. */
  readonly width?: number
  /** Without one, plain text. */
  readonly bold?: (text: string) => string
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
 * Text for a terminal. Where it is too narrow, sentences take more lines and names are shortened, then counts are rounded, then optional columns left
 * out; a note says so.
 */
export function toTerminal(report: Report, options: TerminalOptions = {}): string {
  const { bold = plain, dim = plain } = options
  const labelWidth = Math.max(0, ...report.facts.map(([label]) => widthOf(label)))
  const facts = report.facts.map(([label, value]) => `${dim(padEnd(label, labelWidth))}${gap}${value}`).join('\n')
  const head = [bold(report.title), ...(facts ? [facts] : [])].join('\n')
  const parts = [head, ...report.tables.map((t) => terminalTable(t, options)), ...(report.notes ?? [])]
  return `${parts.join('\n\n')}\n`
}

function terminalTable(
  table: Table,
  { width = Number.POSITIVE_INFINITY, bold = plain, dim = plain }: TerminalOptions,
): string {
  const { columns, cells, notes } = fitted(table, width)
  const rows = cells.map((row) => linesOf(row))
  const widths = columns.map((c, i) =>
    Math.max(widthOf(c.header), ...rows.flat().map((row) => widthOf(row[i] as string))),
  )
  const line = (row: readonly string[], style = plain) =>
    row
      .map((text, i) =>
        style(
          isNumeric(columns[i] as Column) ? padStart(text, widths[i] as number) : padEnd(text, widths[i] as number),
        ),
      )
      .join(gap)
      .trimEnd()
  const rule = dim('─'.repeat(widths.reduce((sum, w) => sum + w, gap.length * (columns.length - 1))))
  const body = table.total ? rows.slice(0, -1) : rows
  return [
    ...(table.title ? [bold(table.title)] : []),
    line(
      columns.map((c) => c.header),
      bold,
    ),
    rule,
    ...body.flat().map((row) => line(row)),
    ...(table.total ? [rule, ...(rows.at(-1) as string[][]).map((row) => line(row, bold))] : []),
    ...[...notes, ...(table.notes ?? [])].map((note) => dim(note)),
  ].join('\n')
}

/** A row whose cells hold several lines, as rows of one line each. */
function linesOf(row: readonly string[]): string[][] {
  const cells = row.map((text) => text.split('\n'))
  const height = Math.max(...cells.map((lines) => lines.length))
  return Array.from({ length: height }, (_, i) => cells.map((lines) => lines[i] ?? ''))
}

interface Fitted {
  readonly columns: readonly Column[]
  readonly cells: readonly (readonly string[])[]
  readonly notes: readonly string[]
}

function fitted(table: Table, width: number): Fitted {
  const rows = allRows(table)
  const texts = (columns: readonly Column[], compact: boolean) =>
    rows.map((row) =>
      columns.map((c) => withoutControls(cellText(row[table.columns.indexOf(c)] as Cell | undefined, c, { compact }))),
    )
  let columns = table.columns
  let cells = texts(columns, false)
  if (!Number.isFinite(width)) {
    // Nothing but sentences needs to be shorter in a file.
    const sentences = columns.map(({ shorten: _, ...c }) => c)
    return { columns, cells: shortened(sentences, cells, page), notes: [] }
  }
  if (tableWidth(columns, cells) <= width) return { columns, cells, notes: [] }
  // Names may shrink to `shortest`, sentences to `narrowest`, not below.
  const fits = () => tableWidth(columns, cells, true) <= width
  const notes: string[] = []
  if (!fits()) {
    cells = texts(columns, true)
    notes.push('Counts are rounded to fit this terminal.')
  }
  const hidden: string[] = []
  while (!fits()) {
    const last = columns.findLastIndex((c) => c.optional)
    if (last < 0) break
    hidden.unshift((columns[last] as Column).header)
    columns = columns.filter((_, i) => i !== last)
    cells = texts(columns, true)
  }
  if (hidden.length > 0) notes.push(`Left out to fit this terminal: ${hidden.join(', ')}.`)
  return { columns, cells: shortened(columns, cells, width), notes }
}

function tableWidth(columns: readonly Column[], cells: readonly (readonly string[])[], atLeast = false): number {
  const width = (c: Column, i: number) => {
    const natural = Math.max(widthOf(c.header), ...cells.map((row) => widthOf(row[i] as string)))
    const least = c.wrap ? narrowest : shortest
    return atLeast && (c.shorten || c.wrap) ? Math.min(natural, Math.max(least, widthOf(c.header))) : natural
  }
  return columns.reduce((sum, c, i) => sum + width(c, i), gap.length * (columns.length - 1))
}

/** Takes from the widest of the columns that may shrink, as much as is too wide. */
function shortened(columns: readonly Column[], cells: readonly (readonly string[])[], width: number): string[][] {
  const limits = columns.map((_, i) => Math.max(0, ...cells.map((row) => widthOf(row[i] as string))))
  const shrinking = columns.flatMap((c, i) => (c.shorten || c.wrap ? [i] : []))
  const least = (i: number) => (columns[i]?.wrap ? narrowest : shortest)
  for (let excess = tableWidth(columns, cells) - width; excess > 0; excess--) {
    const widest = shrinking.reduce(
      (a, b) => ((limits[b] as number) > (limits[a] as number) ? b : a),
      shrinking[0] ?? -1,
    )
    if (widest < 0 || (limits[widest] as number) <= least(widest)) break
    limits[widest] = (limits[widest] as number) - 1
  }
  return cells.map((row) =>
    row.map((text, i) => {
      const limit = limits[i] as number
      return columns[i]?.shorten ? shortenMiddle(text, limit) : columns[i]?.wrap ? wrapped(text, limit) : text
    }),
  )
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
    const next = (turn % 2 === 0 ? characters[j] : characters[i]) as string
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

/** Cells that a text takes: Chinese, Japanese and Korean characters and emoji take two, combining marks none. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  for (const c of text) width += /\p{Mark}|\u200d/u.test(c) ? 0 : wide.test(c) ? 2 : 1
  return width
}

const padEnd = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)))
const padStart = (text: string, width: number): string => ' '.repeat(Math.max(0, width - widthOf(text))) + text
