import { type FileFormat, type Table, toCsv, toJson } from 'kerf/report'
import type { Measurement } from '../../engine/times.ts'

/** What was measured as a file: CSV has the layers, JSON everything. */
export function measuredFileText(measurement: Measurement, model: string, format: FileFormat): string {
  if (format === 'json') return toJson({ model, browser: navigator.userAgent, ...measurement })
  const keys = ['name', 'op', 'outputShape', 'timeMs', 'fastestMs', 'lowerMs', 'upperMs', 'macs', 'bytes', 'kernels']
  const table: Table = {
    columns: keys.map((key) => ({ key, header: key })),
    rows: measurement.parts.map((p) => [
      ...[p.name, p.op, p.outputShape.join('x'), p.timeMs, p.fastestMs, ...p.quartilesMs],
      ...[p.macs, p.bytes, p.kernels.join(' ')],
    ]),
  }
  return toCsv(table)
}
