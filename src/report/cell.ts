import { withoutControls } from '../base/index.ts'
import { human, ratioText, withSeparators } from './numbers.ts'
import type { Cell, Column, Table } from './table.ts'

/**
 * Whether a column's cells stand on the right.
 * @param column of a table
 */
export const isNumeric = (column: Column): boolean =>
  column.kind === 'count' || column.kind === 'ratio' || column.align === 'right'

/** How cells read. */
export interface CellStyle {
  /** Counts as `1.81 G`. */
  readonly compact?: boolean
  /** For what is not known. */
  readonly unknown?: string
}

/**
 * A cell for people.
 * @param cell of a table; undefined: there is none
 * @param column that it stands in
 * @param style how it reads
 */
export function cellText(cell: Cell | undefined, column: Column, style: CellStyle = {}): string {
  if (cell === null) return style.unknown ?? '?'
  if (cell === undefined) return ''
  if (typeof cell === 'string') return shown(cell)
  if (typeof cell === 'object' && 'text' in cell) return shown(cell.text)
  const partial = typeof cell === 'object'
  const value = partial ? cell.value : cell
  if (column.kind === 'ratio') return `${ratioText(value)}${partial ? ' *' : ''}`
  return `${partial ? '≥ ' : ''}${style.compact ? human(value) : withSeparators(value)}`
}

/** A cell for programs: its number, or its text. */
export function plainCell(cell: Cell | undefined): string | number | null {
  if (typeof cell === 'string') return shown(cell)
  if (cell === undefined || cell === null || typeof cell !== 'object') return cell ?? null
  return 'text' in cell ? shown(cell.text) : cell.value
}

/** A text of a report as every medium has it: names come from files. */
export const shown = (text: string): string => withoutControls(text, '\n')

/** All rows, the total last. */
export const allRows = (table: Table): (readonly Cell[])[] =>
  table.total ? [...table.rows, table.total] : [...table.rows]
