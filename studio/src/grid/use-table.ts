import { useMemo, useState } from 'react'
import type { GridColumn, GridSort } from './column.ts'
import { type ColumnPickerProps, shownAtFirst } from './column-picker.tsx'
import type { GridProps } from './grid.tsx'
import { orderOf } from './order.ts'

/** A table's columns and order, as `Grid` and `ColumnPicker` take them. */
export interface TableState {
  readonly grid: Required<Pick<GridProps, 'columns' | 'rows' | 'onSort'>> & Pick<GridProps, 'sort'>
  readonly picker: ColumnPickerProps
}

/**
 * Which columns of a table are shown, and in which order its rows stand.
 * @param columns all of them; the first is always shown
 * @param count how many rows there are
 * @param keep which rows are shown; default: all
 */
export function useTable(columns: readonly GridColumn[], count: number, keep?: (row: number) => boolean): TableState {
  const [shown, onChange] = useState(() => shownAtFirst(columns))
  const [sort, onSort] = useState<GridSort>()
  const visible = useMemo(() => columns.filter((c, i) => i === 0 || shown.has(c.key)), [columns, shown])
  const rows = useMemo(() => {
    const column = columns.find(({ key }) => key === sort?.key)
    return orderOf(count, keep, column, sort?.descending)
  }, [columns, count, keep, sort])
  return { grid: { columns: visible, rows, sort, onSort }, picker: { columns, shown, onChange } }
}
