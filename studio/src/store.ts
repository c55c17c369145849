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
  /** The layer that is looked at, by its row. */
  readonly selected: number | undefined
  /** How the network is counted. */
  readonly counting: RecountOptions
  /** Shows a model in place of the one before; where it cannot be read, that one stays. */
  open(file: File): Promise<void>
  /** Counts the model again. */
  recount(counting: RecountOptions): Promise<void>
  select(row: number | undefined): void
  dismissError(): void
}

export const useStore = create<Store>((set) => ({
  network: undefined,
  opening: undefined,
  error: undefined,
  selected: undefined,
  counting: {},
  async open(file) {
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
    try {
      const network = await engine.recount(counting)
      // Rows mean other layers where others are fused.
      set(({ network: before }) => ({
        network: { ...network, bytes: before?.bytes },
        ...{ counting, selected: undefined, error: undefined },
      }))
    } catch (error) {
      set({ error: (error as Error).message })
    }
  },
  select: (selected) => set({ selected }),
  dismissError: () => set({ error: undefined }),
}))
