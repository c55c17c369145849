import { type Cell, type FileFormat, type Table, toCsv, toJson } from 'kerf/report'
import type { Timing } from 'kerf/runtime'
import type { Measurement } from '../../engine/times.ts'

/** What was measured as a file: CSV has the layers, and runs of the whole network where another runtime was measured, too; JSON everything. */
export function measuredFileText(measurement: Measurement, model: string, format: FileFormat): string {
  if (format === 'json') return toJson({ model, browser: navigator.userAgent, ...measurement })
  const { parts, whole, beside } = measurement
  const keys = ['name', 'op', 'outputShape', 'timeMs', 'fastestMs', 'lowerMs', 'upperMs', 'macs', 'bytes', 'kernels']
  const layers: Cell[][] = parts.map((p) => [
    ...[p.name, p.op, p.outputShape.join('x'), p.timeMs, p.fastestMs, ...p.quartilesMs],
    ...[p.macs, p.bytes, p.kernels.join(' ')],
  ])
  if (!beside || 'problem' in beside) return toCsv(tableOf(keys, layers))
  const run = ({ medianMs, fastestMs, quartilesMs }: Timing): Cell[] => [
    ...['whole run', null, null, medianMs, fastestMs, ...quartilesMs],
    ...[null, null, null],
  ]
  return toCsv(
    tableOf(
      [...keys, 'runtime', 'ratio', 'maxRelDiff'],
      [
        ...layers.map((cells) => [...cells, 'kerf', null, null]),
        [...run(whole), 'kerf', 1, 0],
        [...run(beside.whole), `${beside.runtime} ${beside.version}`, beside.ratio, beside.maxRelDiff],
      ],
    ),
  )
}

const tableOf = (keys: readonly string[], rows: Table['rows']): Table => ({
  columns: keys.map((key) => ({ key, header: key })),
  rows,
})
