import type { Layer } from 'kerf'
import { type Fold, foldsOf } from 'kerf/report'
import type { GraphLayers, GraphTree } from './types.ts'

/** Everything that can be shown, as a tree by columns. */
export function treeOf(layers: readonly Layer[], rowOf: ReadonlyMap<Layer, number>): GraphTree {
  const entries: { fold: Fold; parent: number; depth: number }[] = []
  const add = (folds: readonly Fold[], parent: number, depth: number): void => {
    for (const fold of folds) {
      const own = entries.push({ fold, parent, depth }) - 1
      add(fold.parts, own, depth + 1)
    }
  }
  add(foldsOf(layers), -1, 0)
  return {
    paths: entries.map(({ fold }) => fold.path),
    labels: entries.map(({ fold, parent }) => labelOf(fold, entries[parent]?.fold)),
    parents: Int32Array.from(entries, (e) => e.parent),
    depths: Uint8Array.from(entries, (e) => e.depth),
    counts: Uint32Array.from(entries, ({ fold }) => fold.layers.length),
    rows: Int32Array.from(entries, ({ fold }) => (fold.parts.length > 0 ? -1 : rowOf.get(fold.layers[0]!)!)),
    layers: layerColumns(layers),
  }
}

function labelOf({ path, times }: Fold, parent: Fold | undefined): string {
  const around = `${parent?.path ?? ''}/`
  const name = (path.startsWith(around) ? path.slice(around.length) : path).replaceAll('/', '.')
  return times === undefined ? name : `${times} × (${name})`
}

const layerColumns = (layers: readonly Layer[]): GraphLayers => ({
  names: layers.map((l) => l.name),
  ops: layers.map((l) => l.op),
  macs: Float64Array.from(layers, (l) => l.macs ?? Number.NaN),
  params: Float64Array.from(layers, (l) => l.params ?? Number.NaN),
  accesses: Float64Array.from(layers, (l) => (l.reads ?? Number.NaN) + (l.writes ?? Number.NaN)),
})
