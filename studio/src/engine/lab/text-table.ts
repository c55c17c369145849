import { cellText, isNumeric, type Table } from 'kerf/report'
import type { TextTable } from './types.ts'

/** A table of the library as a page draws it. */
export const textTable = ({ title, columns, rows, total, notes = [] }: Table): TextTable => ({
  ...{ title, notes },
  columns: columns.map((column) => ({
    header: column.header,
    isNumeric: isNumeric(column) || areNumbers(rows, columns.indexOf(column)),
  })),
  rows: [...rows, ...(total ? [total] : [])].map((row) => columns.map((column, i) => cellText(row[i], column))),
})

const areNumbers = (rows: Table['rows'], column: number) =>
  rows.length > 0 && rows.every((row) => typeof row[column] === 'number')
