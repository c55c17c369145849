import { useMemo } from 'react'
import type { LayerTable } from '../engine/types.ts'
import { useStore } from '../store.ts'

/** By the names of nodes, as the file has them, the rows of the layers that they belong to. */
export const rowsOf = (layers: LayerTable | undefined): ReadonlyMap<string, number> =>
  new Map(layers?.nodes.flatMap((nodes, row) => nodes.map((node) => [node, row] as const)))

/** A layer's name as tables have it, by the name that the file has; what is no layer keeps its own. */
export function labelsOf(layers: LayerTable | undefined): (name: string) => string {
  const rows = rowsOf(layers)
  return (name) => layers?.labels[rows.get(name) ?? -1] ?? name
}

/** `labelsOf` the open network. */
export function useLabels(): (name: string) => string {
  const layers = useStore((s) => s.network?.layers)
  return useMemo(() => labelsOf(layers), [layers])
}

/** A layer's name as tables have it; whole, as the file has it, where somebody points at it. */
export const LayerName = ({ name, labels }: { readonly name: string; readonly labels: (name: string) => string }) => (
  <span title={name}>{labels(name)}</span>
)
