import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, memo, useEffect, useId, useRef } from 'react'
import '../colours.css'
import { cellText, type GridColumn, type GridSort } from './column.ts'
import styles from './grid.module.css'
import { nextSort } from './order.ts'

export interface GridProps {
  /** What it is a table of, for those who do not see it. */
  readonly label: string
  readonly columns: readonly GridColumn[]
  /** In the order in which they are shown. */
  readonly rows: readonly number[]
  readonly sort?: GridSort
  onSort?(sort: GridSort | undefined): void
  readonly selected?: number
  onSelect?(row: number | undefined): void
  /** Rows that are marked, with what that means in words. */
  marked?(row: number): string | undefined
  /** What the last row is called: `Total of 69 layers`. Without it there is none. */
  readonly total?: string
}

const rowHeight = 32
/** The head, and the last row, with their borders. */
const edgeHeight = 40
/** Of what is left of the window, how much goes to all columns but the first. */
const shared = 0.6
/** How much wider than usual a column may become: what its longest number needs. */
const mostGrowth = 1.25
/** The first column takes the rest. Wider, and the eye loses the row between a name and its numbers. */
const mostRoom = 300

/** A table that draws only the rows that are seen. Its head and its last row stay; arrows move the selected row. */
export function Grid({ label, columns, rows, sort, onSort, selected, onSelect, marked, total }: GridProps) {
  const scroll = useRef<HTMLDivElement>(null)
  const id = useId()
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight,
    overscan: 8,
    // The head stays above, and rows begin below it; it and the last row take from the height.
    scrollPaddingEnd: total === undefined ? edgeHeight : 2 * edgeHeight,
    useFlushSync: false,
  })
  const at = selected === undefined ? -1 : rows.indexOf(selected)
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: 'auto' })
  }, [at, virtual])

  const shown = virtual.getVirtualItems()
  const before = shown[0]?.start ?? 0
  const after = virtual.getTotalSize() - (shown.at(-1)?.end ?? 0)
  const width = columns.reduce((sum, c) => sum + c.width, 0)
  const isShown = shown.some(({ index }) => index === at)
  const gap = (height: number) =>
    height > 0 && (
      // biome-ignore lint/a11y/noAriaHiddenOnFocusable: room, which nothing can focus.
      <tr aria-hidden="true">
        <td colSpan={columns.length} style={{ height, padding: 0 }} />
      </tr>
    )
  return (
    <div ref={scroll} className={styles.scroll} style={{ maxWidth: mostGrowth * width + mostRoom }}>
      <table
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table whose rows are chosen is a grid.
        role="grid"
        aria-label={label}
        aria-rowcount={rows.length + 1 + Number(total !== undefined)}
        aria-activedescendant={isShown ? `${id}-${selected}` : undefined}
        tabIndex={0}
        className={styles.grid}
        style={{ minWidth: width }}
        onKeyDown={(event) => {
          const next = onSelect && event.target === event.currentTarget && moved(event, at, rows.length)
          if (next === undefined || next === false) return
          event.preventDefault()
          onSelect?.(next === null ? undefined : rows[next])
        }}
      >
        <colgroup>
          {columns.map(({ key, width: own }, i) => (
            <col
              key={key}
              className={i === 0 ? styles.first : undefined}
              style={i === 0 ? undefined : { width: widthOf(own, width) }}
            />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <Head key={column.key} column={column} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {gap(before)}
          {shown.map(({ index }) => {
            const row = rows[index]!
            return (
              <Row
                key={row}
                {...{ id: `${id}-${row}`, row, index, columns, onSelect }}
                isSelected={row === selected}
                mark={marked?.(row)}
              />
            )
          })}
          {gap(after)}
        </tbody>
        {total !== undefined && (
          <tfoot>
            <tr aria-rowindex={rows.length + 2}>
              {columns.map((column, i) => (
                <td key={column.key} className={column.numeric ? styles.number : undefined}>
                  {i === 0 ? total : column.total?.(rows)}
                </td>
              ))}
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  )
}

/** A column's width: as it wants it in a narrow window, up to `mostGrowth` of that where there is room. @param all of all columns */
const widthOf = (own: number, all: number): string =>
  `clamp(${own}px, ${own}px + (100cqw - ${all}px) * ${((shared * own) / all).toFixed(4)}, ${mostGrowth * own}px)`

/** Where a key leads: an index, null for nothing selected, undefined for other keys. */
function moved({ key }: KeyboardEvent, at: number, count: number): number | null | undefined {
  const page = 12
  const to = (index: number) => (count === 0 ? null : Math.min(Math.max(index, 0), count - 1))
  switch (key) {
    case 'ArrowDown':
      return to(at + 1)
    case 'ArrowUp':
      return to(at < 0 ? count - 1 : at - 1)
    case 'PageDown':
      return to(at + page)
    case 'PageUp':
      return to(at - page)
    case 'Home':
      return to(0)
    case 'End':
      return to(count - 1)
    case 'Escape':
      return null
    default:
      return undefined
  }
}

interface HeadProps extends Pick<GridProps, 'sort' | 'onSort'> {
  readonly column: GridColumn
}

function Head({ column, sort, onSort }: HeadProps) {
  const { header, numeric, description } = column
  const sorted = sort?.key === column.key ? (sort.descending ? 'descending' : 'ascending') : undefined
  return (
    <th scope="col" aria-sort={sorted} className={numeric ? styles.number : undefined} title={description}>
      {onSort ? (
        <button type="button" onClick={() => onSort(nextSort(sort, column))}>
          {header}
          <span aria-hidden="true">{sorted && (sorted === 'ascending' ? ' ▲' : ' ▼')}</span>
        </button>
      ) : (
        header
      )}
    </th>
  )
}

interface RowProps {
  readonly id: string
  readonly row: number
  readonly index: number
  readonly columns: readonly GridColumn[]
  readonly isSelected: boolean
  readonly mark: string | undefined
  readonly onSelect: GridProps['onSelect']
}

const Row = memo(function Row({ id, row, index, columns, isSelected, mark, onSelect }: RowProps) {
  return (
    <tr
      id={id}
      aria-rowindex={index + 2}
      aria-selected={onSelect ? isSelected : undefined}
      data-mark={mark === undefined ? undefined : ''}
      className={index % 2 === 1 ? styles.even : undefined}
      onClick={() => onSelect?.(row)}
    >
      {columns.map((column, i) => (
        <td key={column.key} className={column.numeric ? styles.number : undefined}>
          <Bar column={column} row={row} />
          {i === 0 && mark ? (
            <div className={styles.marked}>
              <Cell column={column} row={row} isFirst />
              <span className={styles.mark}>{mark}</span>
            </div>
          ) : (
            <Cell column={column} row={row} isFirst={i === 0} />
          )}
        </td>
      ))}
    </tr>
  )
})

interface CellProps {
  readonly column: GridColumn
  readonly row: number
  readonly isFirst: boolean
}

function Cell({ column, row, isFirst }: CellProps) {
  const text = () => cellText(column, row)
  return column.cell?.(row) ?? <span title={isFirst || !column.numeric ? text() : undefined}>{text()}</span>
}

/** Behind a number: which part it is. The number itself says it to those who do not see the bar. */
function Bar({ column, row }: { readonly column: GridColumn; readonly row: number }) {
  const value = column.barOf ? column.value(row) : 0
  if (typeof value !== 'number' || !(value > 0)) return null
  return <i className={styles.bar} style={{ width: `${Math.min(100, (100 * value) / column.barOf!)}%` }} />
}
