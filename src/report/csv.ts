import type { Cell, Table } from './table.ts'

/** RFC 4180: CRLF, a header of column keys, plain numbers, an empty field for what is not known. Totals and notes are left out. */
export function toCsv(table: Table): string {
  const rows = [table.columns.map((c) => c.key), ...table.rows.map((row) => table.columns.map((_, i) => plain(row[i])))]
  return rows.map((row) => `${row.map(field).join(',')}\r\n`).join('')
}

function plain(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return ''
  return typeof cell === 'object' ? cell.text : String(cell)
}

const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
