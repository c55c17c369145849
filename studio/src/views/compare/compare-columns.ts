import { human } from 'kerf/report'
import { type ComparedCount, type ComparisonTable, comparedCounts } from '../../engine/compare.ts'
import type { Side, Sides } from '../../engine/compare-rows.ts'
import { countText, type GridColumn, sumText, textColumn } from '../../grid/column.ts'

/** Of columns, which have little room; and in words. */
const titles: Readonly<Record<ComparedCount, readonly [short: string, title: string]>> = {
  macs: ['MACs', 'MACs'],
  params: ['Params', 'Parameters'],
  accesses: ['Accesses', 'Accesses'],
}

const widths: Readonly<Record<ComparedCount, number>> = { macs: 116, params: 110, accesses: 116 }

/** Four digits: `0.5312`; a dash where there is none. */
export const ratioText = (ratio: number): string =>
  Number.isFinite(ratio) ? String(Number(ratio.toPrecision(4))) : '–'

/** `3.2 %`, `0`; a dash for what was not compared. */
export const changeText = (change: number): string => {
  if (Number.isNaN(change)) return '–'
  if (change === 0) return '0'
  return change === Number.POSITIVE_INFINITY ? 'from 0' : `${Number((100 * change).toPrecision(3))} %`
}

/** `64 → 38`; one of them where they are the same, or the other is not there. */
const arrowText = (a: string, b: string): string => (a === b || b === '' ? a : a === '' ? b : `${a} → ${b}`)

/** Layers of A beside those of B. */
export function compareColumns(table: ComparisonTable): readonly GridColumn[] {
  const { labels, ops, shapes, channels, counts, bytes, types, weights } = table
  /** Both numbers, and their ratio: its bar is what is left. */
  const pair = (
    key: string,
    short: string,
    title: string,
    { a, b }: Sides<Float64Array>,
    width: number,
    detail: boolean,
    ratioDetail = detail,
  ) => {
    const ratio = (row: number) => b[row]! / a[row]!
    const one = (name: 'A' | 'B', values: Float64Array): GridColumn => ({
      ...{ key: `${key}${name}`, header: `${short} ${name}`, description: `${title} ${name}`, width, detail },
      ...{ numeric: true, value: (row) => values[row]! },
      total: (some) => sumText((row) => known(values[row]!, table, row, name === 'A' ? 'a' : 'b'), some),
    })
    const quotient: GridColumn = {
      ...{ key: `${key}Ratio`, header: 'B ÷ A', description: `${title} of B ÷ ${title} of A`, width: 72 },
      ...{ numeric: true, value: ratio, text: (row) => ratioText(ratio(row)), barOf: 1, detail: ratioDetail },
    }
    return [one('A', a), one('B', b), quotient]
  }
  const channelText = (value: number) => (Number.isNaN(value) ? '' : countText(value))
  const sizes = (row: number) => [bytes.a[row]!, bytes.b[row]!].map((own) => (own > 0 ? human(own, 'B') : ''))
  const hasOtherTypes = types.a.some((type, row) => type !== types.b[row] && type !== '' && types.b[row] !== '')
  const hasWeights = weights?.some((change) => change > 0) ?? false
  return [
    textColumn('name', 'Layer', 178, (row) => labels[row]!),
    textColumn('op', 'Operator', 148, (row) => ops[row]!),
    {
      ...{ key: 'channels', header: 'Channels', description: 'Channels of A → of B', width: 92, numeric: true },
      value: (row) => channels.b[row]! / channels.a[row]!,
      text: (row) => arrowText(channelText(channels.a[row]!), channelText(channels.b[row]!)) || '–',
    },
    textColumn('shapeA', 'Output A', 130, (row) => shapes.a[row]!, true),
    textColumn('shapeB', 'Output B', 130, (row) => shapes.b[row]!, true),
    // At 1280 pixels there is room for one ratio.
    ...comparedCounts.flatMap((key) =>
      pair(key, ...titles[key], counts[key], widths[key], key === 'accesses', key !== 'macs'),
    ),
    {
      ...{
        key: 'stored',
        header: 'Stored',
        description: 'Bytes of weights as they are stored, of A → of B',
        width: 162,
      },
      ...{ numeric: true, value: (row) => bytes.b[row]! / bytes.a[row]! },
      text: (row) => arrowText(...(sizes(row) as [string, string])) || '–',
      total: (rows) => {
        const sum = (values: Float64Array) => rows.reduce((all, row) => all + (values[row]! || 0), 0)
        return arrowText(human(sum(bytes.a), 'B'), human(sum(bytes.b), 'B'))
      },
    },
    {
      ...{
        key: 'weights',
        header: 'Weights off',
        description: '‖B − A‖ ÷ ‖A‖ of the weights, where both have the same shape',
      },
      ...{ width: 96, numeric: true, detail: !hasWeights },
      value: (row) => weights?.[row] ?? Number.NaN,
      text: (row) => changeText(weights?.[row] ?? Number.NaN),
    },
    textColumn('types', 'Stored as', 122, (row) => arrowText(types.a[row]!, types.b[row]!), !hasOtherTypes),
  ]
}

/** What a network has not adds nothing to its sum. */
function known(value: number, { shapes }: ComparisonTable, row: number, side: Side): number {
  return Number.isNaN(value) && shapes[side][row] === '' ? 0 : value
}
