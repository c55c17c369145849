import type { Profile } from 'kerf'
import { profileTable, shapeText } from 'kerf/report'
import { type CountColumn, countColumns, type LayerTable } from './types.ts'

/** What the library's tables say in words. */
const texts = ['name', 'op', 'window', 'inputs'] as const

/** Layers by columns, in the order in which they run. */
export function layerTable(profile: Profile): LayerTable {
  const { layers } = profile
  const { columns, rows } = profileTable(profile, { all: true, columns: texts })
  const text = (key: (typeof texts)[number]) => {
    const i = columns.findIndex((c) => c.key === key)
    return rows.map((row) => String(row[i] ?? ''))
  }
  const column = (key: CountColumn) => Float64Array.from(layers, (layer) => layer[key] ?? Number.NaN)
  return {
    names: layers.map((l) => l.name),
    labels: text('name'),
    ops: layers.map((l) => l.op),
    kinds: text('op'),
    windows: text('window'),
    inputShapes: text('inputs'),
    shapes: layers.map((l) => shapeText(l.outputs[0]?.shape ?? null)),
    nodes: layers.map((l) => l.members ?? [l.name]),
    reasons: layers.map((l) => l.notCounted ?? ''),
    counts: Object.fromEntries(countColumns.map((key) => [key, column(key)])) as Record<CountColumn, Float64Array>,
  }
}
