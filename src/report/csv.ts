import { plainCell } from './cell.ts'
import type { Table } from './table.ts'

/**
 * RFC 4180: CRLF, a header of column keys, plain numbers, an empty field for what is not known. Totals and notes are left out. A text that a spreadsheet would
 * take for a formula begins with a quote.
 */
export function toCsv(table: Table): string {
  const rows = [
    table.columns.map((c) => c.key),
    ...table.rows.map((row) => table.columns.map((_, i) => text(plainCell(row[i])))),
  ]
  return rows.map((row) => `${row.map(field).join(',')}\r\n`).join('')
}

const text = (cell: ReturnType<typeof plainCell>): string =>
  typeof cell === 'string' && /^[=+\-@]/.test(cell) && Number.isNaN(Number(cell)) ? `'${cell}` : String(cell ?? '')

const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
