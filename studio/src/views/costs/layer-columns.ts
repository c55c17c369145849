import { human } from 'kerf/report'
import type { CountColumn, LayerTable } from '../../engine/types.ts'
import { type GridColumn, sumText } from '../../grid/column.ts'

/** Names that are looked for must be whole; texts that are shown may be short. */
const text = (
  key: string,
  header: string,
  width: number,
  values: readonly string[],
  more: Partial<GridColumn> = {},
) => ({
  ...{ key, header, width, value: (row: number) => values[row]! },
  ...more,
})

/** The largest number of a column, for bars. */
export const largestOf = (values: Float64Array): number => values.reduce((most, v) => (v > most ? v : most), 0)

/** Numbers of rows, with the sum of those that are shown. */
export function countColumn(
  key: string,
  header: string,
  description: string,
  values: Float64Array,
  more: Partial<GridColumn> = {},
): GridColumn {
  const value = (row: number) => values[row]!
  const total = (rows: readonly number[]) => sumText(value, rows)
  return { ...{ key, header, description, width: 130, value, total, numeric: true }, ...more }
}

/** Every column of the table of layers; those of measured times follow where there are any. */
export function layerColumns(layers: LayerTable): readonly GridColumn[] {
  const { counts } = layers
  const accesses = counts.reads.map((reads, row) => reads + counts.writes[row]!)
  const count = (key: CountColumn, header: string, description: string, more?: Partial<GridColumn>) =>
    countColumn(key, header, description, counts[key], more)
  return [
    text('name', 'Layer', 220, layers.labels, { description: 'Name of the layer' }),
    text('op', 'Operator', 165, layers.kinds, {
      description: 'Operator; of fused layers the first, and how many follow',
    }),
    text('window', 'Window', 90, layers.windows, { description: 'Window: kernel, s stride, g groups' }),
    text('inputs', 'Input', 130, layers.inputShapes, { description: 'Shape of the input', detail: true }),
    text('outputs', 'Output', 130, layers.shapes, { description: 'Shape of the output' }),
    count('macs', 'MACs', 'Multiply–accumulates of convolutions and linear layers', { barOf: largestOf(counts.macs) }),
    count('params', 'Parameters', 'Learnable values that the file stores', {
      width: 120,
      barOf: largestOf(counts.params),
    }),
    countColumn('accesses', 'Accesses', 'Memory accesses: elements read and written', accesses, {
      width: 120,
      barOf: largestOf(accesses),
    }),
    count('adds', 'Additions', 'Additions and subtractions', { detail: true }),
    count('muls', 'Multiplications', 'Multiplications', { detail: true }),
    count('others', 'Others', 'Divisions, comparisons, roots and function values', { detail: true }),
    count('reads', 'Reads', 'Elements read, weights included', { detail: true }),
    count('writes', 'Writes', 'Elements written', { detail: true }),
    count('bytesRead', 'Read (bytes)', 'Bytes read', { detail: true }),
    count('bytesWritten', 'Written (bytes)', 'Bytes written', { detail: true }),
    intensity(layers),
    text('reason', 'Not counted', 260, layers.reasons, { description: 'Why something is not counted', detail: true }),
  ]
}

/** Rows that do little for what they touch wait for memory. */
function intensity({ counts }: LayerTable): GridColumn {
  const value = (row: number) => counts.macs[row]! / (counts.bytesRead[row]! + counts.bytesWritten[row]!)
  return {
    ...{ key: 'intensity', header: 'MACs/byte', width: 110, value, numeric: true, detail: true },
    description: 'Arithmetic intensity: MACs for each byte that is touched',
    text: (row) => (Number.isFinite(value(row)) ? human(value(row)) : '–'),
  }
}
