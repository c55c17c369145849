import { plainCell } from './cell.ts'
import type { Table } from './table.ts'

/** RFC 4180: CRLF, a header of column keys, plain numbers, an empty field for what is not known. Totals and notes are left out. */
export function toCsv(table: Table): string {
  const rows = [
    table.columns.map((c) => c.key),
    ...table.rows.map((row) => table.columns.map((_, i) => String(plainCell(row[i]) ?? ''))),
  ]
  return rows.map((row) => `${row.map(field).join(',')}\r\n`).join('')
}

const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
