import type { Measurement } from '../../engine/times.ts'
import type { LayerTable } from '../../engine/types.ts'
import { type GridColumn, textColumn } from '../../grid/column.ts'
import { labelsOf } from '../../parts/layer-name.tsx'

/** Three decimals: a tick of a page's clock is 0.005 ms. */
export const msText = (ms: number): string => (Number.isFinite(ms) ? ms.toFixed(3) : '–')

const rateText = (rate: number): string => (Number.isFinite(rate) && rate > 0 ? rate.toFixed(rate < 10 ? 2 : 1) : '–')

/** `Conv +2`: the first operator, and how many run with it. */
function operatorsText(op: string): string {
  const [first, ...others] = op.split('+')
  return others.length === 0 ? first! : `${first} +${others.length}`
}

/** The parts of a run: layers as they run, several nodes in one where they are fused. */
export function partColumns({ parts }: Measurement, layers: LayerTable): readonly GridColumn[] {
  const labels = labelsOf(layers)
  const part = (row: number) => parts[row]!
  const sum = parts.reduce((s, p) => s + p.timeMs, 0)
  const most = parts.reduce((s, p) => Math.max(s, p.timeMs), 0)
  const perSecond = (of: (row: number) => number | null) => (row: number) => {
    const count = of(row)
    return count === null ? Number.NaN : count / part(row).timeMs / 1e6
  }
  const number = (key: string, header: string, more: Partial<GridColumn> & Pick<GridColumn, 'value'>): GridColumn => ({
    ...{ key, header, width: 110, numeric: true },
    ...more,
  })
  const time = (row: number) => part(row).timeMs
  return [
    textColumn('name', 'Layer', 220, (row) => labels(part(row).name)),
    textColumn('op', 'Operators', 150, (row) => operatorsText(part(row).op)),
    textColumn('shape', 'Output', 130, (row) => part(row).outputShape.join('×')),
    number('time', 'Time (ms)', {
      ...{
        description: 'Half of the runs took less',
        value: time,
        text: (row) => msText(time(row)),
        barOf: most,
        width: 130,
      },
      total: (rows) => msText(rows.reduce((s, row) => s + time(row), 0)),
    }),
    number('share', 'Of all (%)', {
      ...{ description: 'Its part of the times of all layers', value: (row) => (100 * time(row)) / sum },
      text: (row) => ((100 * time(row)) / sum).toFixed(1),
      total: (rows) => ((100 * rows.reduce((s, row) => s + time(row), 0)) / sum).toFixed(1),
    }),
    number('spread', 'Quartiles (ms)', {
      ...{ description: 'A quarter of the runs took less, a quarter more', width: 150 },
      value: (row) => part(row).quartilesMs[1] - part(row).quartilesMs[0],
      text: (row) => part(row).quartilesMs.map(msText).join(' – '),
    }),
    number('fastest', 'Fastest (ms)', {
      ...{ description: 'The run in which it took least', value: (row) => part(row).fastestMs, detail: true },
      text: (row) => msText(part(row).fastestMs),
    }),
    number('macs', 'GMAC/s', {
      ...{ description: 'Multiply–accumulates per second, in 10⁹', value: perSecond((row) => part(row).macs) },
      text: (row) => rateText(perSecond((r) => part(r).macs)(row)),
    }),
    number('bytes', 'GB/s', {
      ...{ description: 'Bytes read and written per second, in 10⁹', value: perSecond((row) => part(row).bytes) },
      text: (row) => rateText(perSecond((r) => part(r).bytes)(row)),
    }),
    textColumn('kernels', 'Kernels', 220, (row) => [...new Set(part(row).kernels)].join(', '), true),
  ]
}
