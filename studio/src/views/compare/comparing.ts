import { create } from 'zustand'
import { Closed, engine } from '../../engine/client.ts'
import type { ComparisonTable } from '../../engine/compare.ts'
import type { CompareSide } from '../../engine/desks/compare.ts'
import type { ModelSource } from '../../engine/model-source.ts'
import { compareWish, readerOf } from '../../engine/session/wishes.ts'
import { keepInSession } from '../../session-settings.ts'
import { useStore } from '../../store.ts'

/** The other network beside the open one: kept while other views are shown. */
export interface Comparing {
  readonly table: ComparisonTable | undefined
  readonly isReading: boolean
  /** What went wrong, as the library says it. */
  readonly error: string | undefined
  readonly a: CompareSide
  readonly b: CompareSide
  open(source: ModelSource): Promise<void>
  /** Compares others. */
  choose(a: CompareSide, b: CompareSide): Promise<void>
}

const asFirst = { table: undefined, a: 'open', b: 'file' } as const

export const useComparing = create<Comparing>((set, get) => ({
  ...asFirst,
  isReading: false,
  error: undefined,
  async open(source) {
    set({ isReading: true, error: undefined })
    try {
      set({ table: await engine.compare.with(source), b: 'file' })
    } catch (error) {
      if (!(error instanceof Closed)) set({ error: (error as Error).message })
    } finally {
      set({ isReading: false })
    }
  },
  async choose(a, b) {
    set({ a, b, error: undefined })
    try {
      const table = await engine.compare.between(a, b)
      if (a === get().a && b === get().b) set({ table })
    } catch (error) {
      if (!(error instanceof Closed)) set({ table: undefined, error: (error as Error).message })
    }
  },
}))

// Counted otherwise, the open network is compared otherwise; another one has nothing beside it yet.
useStore.subscribe(async ({ opened, network }, before) => {
  if (opened !== before.opened || !network) useComparing.setState({ ...asFirst, error: undefined })
  else if (network !== before.network && useComparing.getState().table) {
    try {
      useComparing.setState({ table: await engine.compare.table(), error: undefined })
    } catch (error) {
      if (!(error instanceof Closed)) useComparing.setState({ table: undefined, error: (error as Error).message })
    }
  }
})

const readSides = readerOf(compareWish)

// Another file is not in a session.
keepInSession('compare', {
  get() {
    const { a, b, table } = useComparing.getState()
    return table && { a, b }
  },
  set(value) {
    const sides = readSides(value)
    // The session's steps are there a moment later.
    if (sides) queueMicrotask(() => void useComparing.getState().choose(sides.a, sides.b))
  },
})
