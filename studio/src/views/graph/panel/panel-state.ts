import { create } from 'zustand'
import { Closed, engine } from '../../../engine/client.ts'
import type { LayerDetails, LayerGroups, WeightStatistics } from '../../../engine/graph/types.ts'
import { answered, useGraph } from '../graph-state.ts'

/** What the panel shows of a layer; parts come one after another. */
export interface PanelState {
  readonly row: number | undefined
  readonly details: LayerDetails | undefined
  readonly weights: readonly WeightStatistics[]
  /** Why weights cannot be read. */
  readonly withoutWeights: string | undefined
  readonly groups: LayerGroups | undefined
  show(row: number | undefined): Promise<void>
}

export const usePanel = create<PanelState>((set, get) => ({
  row: undefined,
  details: undefined,
  weights: [],
  withoutWeights: undefined,
  groups: undefined,
  async show(row) {
    useGraph.getState().light([])
    if (row === undefined) {
      set({ row, details: undefined, weights: [], groups: undefined })
      return
    }
    // What was shown stays until there is something else: nothing jumps.
    set({ row })
    const isWanted = () => get().row === row
    const details = await answered(engine.graph.layer(row))
    if (!details || !isWanted()) return
    set({ details, weights: [], withoutWeights: undefined, groups: undefined })
    for (const name of details.weights) {
      try {
        const statistics = await engine.graph.weights(name)
        if (!isWanted()) return
        set({ weights: [...get().weights, statistics] })
      } catch (error) {
        // As a file that is not there: the rest can be told without.
        if (error instanceof Closed || !isWanted()) return
        set({ withoutWeights: (error as Error).message })
        break
      }
    }
    const groups = await answered(engine.graph.groups(row))
    if (!groups || !isWanted()) return
    set({ groups })
    useGraph.getState().light([...new Set(groups.groups.flatMap((g) => g.rows))])
  },
}))
