import type { Layer, Profile } from '../../cost/index.ts'
import type { SwappedLayer } from '../../rewrite/index.ts'

/** What a layer costs, or several together; null: it cannot be counted. */
export interface LayerCost {
  /** Multiply–accumulates. */
  readonly macs: number | null
  /** Learnable values. */
  readonly params: number | null
  /** Elements read and written, weights included. */
  readonly accesses: number | null
}

/** What a layer cost, and what those cost that stand in its place. */
export interface CostChange {
  /** As it was. */
  readonly before: LayerCost
  /** What stands in its place. */
  readonly after: LayerCost
}

/** @param before of the given network, by the names that layers have when functions are inlined */
export function costChange(layer: SwappedLayer, before: Profile, after: Profile): CostChange {
  return { before: costOf(before, [layer.node]), after: costOf(after, layer.nodes) }
}

function costOf({ layers }: Profile, names: readonly string[]): LayerCost {
  const own = names.map((name) => layers.find((l) => l.name === name))
  const sum = (of: (layer: Layer) => number | null) =>
    own.reduce<number | null>((total, layer) => {
      const value = layer ? of(layer) : null
      return total === null || value === null ? null : total + value
    }, 0)
  return {
    macs: sum((l) => l.macs),
    params: sum((l) => l.params),
    accesses: sum((l) => (l.reads === null || l.writes === null ? null : l.reads + l.writes)),
  }
}
