import type { ReactNode } from 'react'

/** A column of a table whose rows are numbers. */
export interface GridColumn {
  readonly key: string
  /** With the unit: `Time (ms)`. */
  readonly header: string
  /** In words, for those who do not know the header. */
  readonly description?: string
  /** In pixels. The first column takes what is left, and at least this. */
  readonly width: number
  /** What rows are sorted and bars drawn by; NaN and '' stand last. Numbers stand on the right. */
  value(row: number): number | string
  /** What is shown; default: the value, a number with thousands separators. */
  text?(row: number): string
  /** In place of the text. */
  cell?(row: number): ReactNode
  /** Drawn behind the number: the part of this value. */
  readonly barOf?: number
  readonly numeric?: boolean
  /** In the last row, for the rows that are shown. */
  total?(rows: readonly number[]): string
  /** Shown only when it is asked for. */
  readonly detail?: boolean
}

/** A column of texts. */
export const textColumn = (
  key: string,
  header: string,
  width: number,
  value: (row: number) => string,
  detail = false,
): GridColumn => ({ key, header, width, value, detail })

/** By which column rows stand. */
export interface GridSort {
  readonly key: string
  readonly descending: boolean
}

const separators = new Intl.NumberFormat('en', { maximumFractionDigits: 3 })

/** `1,814,073,344`; a dash for what is not known. */
export const countText = (value: number): string => (Number.isNaN(value) ? '–' : separators.format(value))

/** A cell as text. */
export function cellText(column: GridColumn, row: number): string {
  if (column.text) return column.text(row)
  const value = column.value(row)
  return typeof value === 'number' ? countText(value) : value
}

/** The sum of a column of counts; marked where something is not in it. */
export function sumText(of: (row: number) => number, rows: readonly number[]): string {
  let [sum, partial] = [0, false]
  for (const row of rows) {
    const value = of(row)
    if (Number.isNaN(value)) partial = true
    else sum += value
  }
  return `${partial ? '≥ ' : ''}${countText(sum)}`
}
