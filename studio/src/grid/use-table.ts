import { useMemo } from 'react'
import { readerOf, tableWish } from '../engine/session/wishes.ts'
import { useKept } from '../session-settings.ts'
import type { GridColumn, GridSort } from './column.ts'
import { type ColumnPickerProps, shownAtFirst } from './column-picker.tsx'
import type { GridProps } from './grid.tsx'
import { orderOf } from './order.ts'

/** A table's columns and order, as `Grid` and `ColumnPicker` take them. */
export interface TableState {
  readonly grid: Required<Pick<GridProps, 'columns' | 'rows' | 'onSort'>> & Pick<GridProps, 'sort'>
  readonly picker: ColumnPickerProps
}

interface TableWish {
  /** Undefined until somebody chooses. */
  readonly shown?: readonly string[]
  readonly sort?: GridSort
}

const asFirst: TableWish = {}
const read = readerOf(tableWish)

/**
 * Which columns of a table are shown, and in which order its rows stand; sessions keep both.
 * @param name of the table in them
 * @param columns all of them; the first is always shown
 * @param count how many rows there are
 * @param keep which rows are shown; default: all
 */
export function useTable(
  name: string,
  columns: readonly GridColumn[],
  count: number,
  keep?: (row: number) => boolean,
): TableState {
  const [wish, want] = useKept<TableWish>(name, asFirst, read)
  const { sort } = wish
  const shown = useMemo(() => (wish.shown ? new Set(wish.shown) : shownAtFirst(columns)), [wish.shown, columns])
  const visible = useMemo(() => columns.filter((c, i) => i === 0 || shown.has(c.key)), [columns, shown])
  const rows = useMemo(() => {
    const column = columns.find(({ key }) => key === sort?.key)
    return orderOf(count, keep, column, sort?.descending)
  }, [columns, count, keep, sort])
  const onSort = (sort: GridSort | undefined) => want({ ...wish, sort })
  const onChange = (shown: ReadonlySet<string>) => want({ ...wish, shown: [...shown] })
  return { grid: { columns: visible, rows, sort, onSort }, picker: { columns, shown, onChange } }
}
