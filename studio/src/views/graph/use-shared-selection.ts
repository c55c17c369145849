import { useEffect } from 'react'
import { useStore } from '../../store.ts'
import { pathsAround, useGraph } from './graph-state.ts'
import { boxOfRow, graphRow, networkRow, rowsOf } from './selection.ts'

/** The layer that other views look at is chosen here, and the other way round. */
export function useSharedSelection(): void {
  const network = useStore((s) => s.network)
  const selected = useStore((s) => s.selected)
  const { graph, tree, chosen } = useGraph()

  // What is chosen here.
  useEffect(() => {
    if (!network || !graph || !tree || chosen === undefined) return
    const box = graph.boxes.paths.indexOf(chosen)
    const rows = box < 0 ? [] : rowsOf(graph, box)
    if (rows.length === 1) useStore.getState().select(networkRow(network, tree, rows[0]!))
  }, [network, graph, tree, chosen])

  // What others chose: the blocks around it are opened.
  useEffect(() => {
    if (!network || !tree || selected === undefined) return
    void chooseRow(graphRow(network, tree, selected))
  }, [network, tree, selected])
}

/** Chooses a layer, with the blocks around it opened. */
export async function chooseRow(row: number): Promise<void> {
  const { graph, tree, chosen, show, choose } = useGraph.getState()
  if (!graph || !tree || row < 0) return
  const box = boxOfRow(graph, row)
  if (box >= 0 && rowsOf(graph, box).length === 1) {
    if (graph.boxes.paths[box] !== chosen) choose(graph.boxes.paths[box]!)
    return
  }
  const entry = tree.rows.indexOf(row)
  await show({ opened: [...new Set([...graph.opened, ...pathsAround(tree, entry)])] })
  choose(tree.paths[entry]!)
}
