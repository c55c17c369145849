import { useMemo } from 'react'
import type { LayerTable } from '../engine/types.ts'
import { useStore } from '../store.ts'

/** A layer's name as tables have it, by the name that the file has; what is no layer keeps its own. */
export function labelsOf(layers: LayerTable | undefined): (name: string) => string {
  const labels = new Map(layers?.nodes.flatMap((nodes, row) => nodes.map((node) => [node, layers.labels[row]!])))
  return (name) => labels.get(name) ?? name
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
