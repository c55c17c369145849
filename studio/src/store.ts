import { create } from 'zustand'
import { engine } from './engine/client.ts'
import type { Network, RecountOptions } from './engine/types.ts'

/** What every part of the page shares. Parts keep to themselves what only they show. */
export interface Store {
  /** The open model. */
  readonly network: Network | undefined
  /** The name of a file that is being read. */
  readonly opening: string | undefined
  /** What went wrong last, as the library says it. */
  readonly error: string | undefined
  /** The layer that is looked at: a row of `network.layers`, which are fused layers where `network.fused` says so. */
  readonly selected: number | undefined
  /** How the network is counted. */
  readonly counting: RecountOptions
  /** Shows a model in place of the one before; where it cannot be read, that one stays. */
  open(file: File): Promise<void>
  /** Counts the model again. What is wrong with the wish is its result, as the library says it; the counts then stay. */
  recount(counting: RecountOptions): Promise<string | undefined>
  select(row: number | undefined): void
  dismissError(): void
}

/** Counts that were asked for: an answer that comes after a later wish is not shown. */
let asked = 0

export const useStore = create<Store>((set, get) => ({
  network: undefined,
  opening: undefined,
  error: undefined,
  selected: undefined,
  counting: {},
  async open(file) {
    asked++
    set({ opening: file.name, error: undefined })
    try {
      const network = await engine.open(file)
      set({ network, selected: undefined, counting: {} })
    } catch (error) {
      set({ error: (error as Error).message })
    } finally {
      set({ opening: undefined })
    }
  },
  async recount(counting) {
    const turn = ++asked
    try {
      const network = await engine.recount(counting)
      if (turn !== asked) return undefined
      const { network: before, selected } = get()
      set({
        network: { ...network, bytes: before?.bytes },
        ...{ counting, selected: before && sameRow(before, network, selected), error: undefined },
      })
      return undefined
    } catch (error) {
      return turn === asked ? (error as Error).message : undefined
    }
  },
  select: (selected) => set({ selected }),
  dismissError: () => set({ error: undefined }),
}))

/** The row in another table that holds the first node of a row. */
function sameRow(before: Network, after: Network, row: number | undefined): number | undefined {
  const node = row === undefined ? undefined : before.layers.nodes[row]?.[0]
  const found = node === undefined ? -1 : after.layers.nodes.findIndex((nodes) => nodes.includes(node))
  return found < 0 ? undefined : found
}
