import type { Layer } from 'kerf'
import { shapeText } from 'kerf/report'
import { type CountColumn, countColumns, type LayerTable } from './types.ts'

/** Layers by columns, in the order in which they run. */
export function layerTable(layers: readonly Layer[]): LayerTable {
  const column = (key: CountColumn) => Float64Array.from(layers, (layer) => layer[key] ?? Number.NaN)
  return {
    names: layers.map((l) => l.name),
    ops: layers.map((l) => l.op),
    shapes: layers.map((l) => shapeText(l.outputs[0]?.shape ?? null)),
    counts: Object.fromEntries(countColumns.map((key) => [key, column(key)])) as Record<CountColumn, Float64Array>,
  }
}
