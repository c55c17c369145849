import { type ComparedCount, type ComparisonTable, comparedCounts, type Sides } from '../../engine/compare.ts'
import { type GridColumn, sumText, textColumn } from '../../grid/column.ts'

const titles: Readonly<Record<ComparedCount, string>> = { macs: 'MACs', params: 'Parameters', accesses: 'Accesses' }

/** Four digits: `0.5312`; a dash where there is none. */
export const ratioText = (ratio: number): string =>
  Number.isFinite(ratio) ? String(Number(ratio.toPrecision(4))) : '–'

/** Layers of A (the open network) beside those of B. */
export function compareColumns(table: ComparisonTable, labels: readonly string[]): readonly GridColumn[] {
  const { names, ops, rows, shapes, channels, counts } = table
  /** Both numbers, and their ratio: its bar is what is left. */
  const pair = (
    key: string,
    title: string,
    { a, b }: Sides<Float64Array>,
    width: number,
    isSum: boolean,
    detail = false,
  ) => {
    const ratio = (row: number) => b[row]! / a[row]!
    const side = (name: 'A' | 'B', values: Float64Array): GridColumn => ({
      ...{ key: `${key}${name}`, header: `${title} ${name}`, width, numeric: true, detail },
      value: (row) => values[row]!,
      ...(isSum && { total: (some) => sumText((row) => known(values[row]!, table, row, name), some) }),
    })
    const quotient: GridColumn = {
      ...{
        key: `${key}Ratio`,
        header: 'B ÷ A',
        description: `${title} of B ÷ ${title} of A`,
        width: 100,
        numeric: true,
        detail,
      },
      ...{ value: ratio, text: (row) => ratioText(ratio(row)), barOf: 1 },
    }
    return [side('A', a), side('B', b), quotient]
  }
  return [
    textColumn('name', 'Layer', 200, (row) => (rows[row]! >= 0 ? labels[rows[row]!]! : names[row]!)),
    textColumn('op', 'Operator', 150, (row) => ops[row]!),
    ...pair('channels', 'Channels', channels, 110, false),
    textColumn('shapeA', 'Output A', 130, (row) => shapes.a[row]!, true),
    textColumn('shapeB', 'Output B', 130, (row) => shapes.b[row]!, true),
    ...comparedCounts.flatMap((key) => pair(key, titles[key], counts[key], 130, true, key === 'accesses')),
  ]
}

/** What a network has not adds nothing to its sum. */
function known(value: number, { shapes }: ComparisonTable, row: number, name: 'A' | 'B'): number {
  return Number.isNaN(value) && shapes[name === 'A' ? 'a' : 'b'][row] === '' ? 0 : value
}
