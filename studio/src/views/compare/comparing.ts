import { create } from 'zustand'
import { Closed, engine } from '../../engine/client.ts'
import type { ComparisonTable } from '../../engine/compare.ts'
import type { CompareSide } from '../../engine/desks/compare.ts'
import type { ModelSource } from '../../engine/model-source.ts'
import { compareWish, readerOf } from '../../engine/session/wishes.ts'
import { keepInSession } from '../../session-settings.ts'
import { useStore } from '../../store.ts'

/** Two networks side by side: kept while other views are shown. */
export interface Comparing {
  readonly table: ComparisonTable | undefined
  readonly isReading: boolean
  /** Whether the weights of both are read now. */
  readonly isWeighing: boolean
  /** What went wrong, as the library says it. */
  readonly error: string | undefined
  readonly a: CompareSide
  readonly b: CompareSide
  /** Undefined until somebody chooses: then what the network was, and what it is. */
  readonly chosen: { readonly a?: CompareSide; readonly b?: CompareSide } | undefined
  open(source: ModelSource): Promise<void>
  /** Compares others. */
  choose(sides: { readonly a?: CompareSide; readonly b?: CompareSide }): void
  /** Compares what is to be compared, as networks are and are counted now. */
  compare(): Promise<void>
}

const asFirst = { table: undefined, a: 'open', b: 'file', chosen: undefined, isWeighing: false } as const

/** A later comparison is wanted instead. */
let turn = 0

export const useComparing = create<Comparing>((set, get) => {
  /** Shows costs at once, and weights when they have been read. */
  const show = async (found: Promise<ComparisonTable | undefined>, sides?: Pick<Comparing, 'a' | 'b' | 'chosen'>) => {
    const own = ++turn
    set({ isWeighing: false })
    const table = await found
    if (own !== turn) return
    set({ ...sides, table, error: undefined, isWeighing: table !== undefined })
    const weighed = table && (await engine.compare.weights())
    if (own === turn) set({ isWeighing: false, ...(weighed && { table: weighed }) })
  }
  return {
    ...asFirst,
    isReading: false,
    error: undefined,
    async open(source) {
      set({ isReading: true, error: undefined })
      const { chosen } = get()
      const a = chosen?.a ?? 'open'
      try {
        await show(engine.compare.with(source, a), { a, b: 'file', chosen: { ...chosen, b: 'file' } })
      } catch (error) {
        if (error instanceof Closed) return
        // What was compared before stays, and may have been waiting for its weights.
        await get().compare()
        set({ error: (error as Error).message })
      } finally {
        set({ isReading: false })
      }
    },
    choose(sides) {
      set(({ chosen }) => ({ chosen: { ...chosen, ...sides } }))
      void get().compare()
    },
    async compare() {
      const { steps } = useStore.getState()
      const isThere = (side: CompareSide | undefined) => typeof side !== 'number' || side < steps.length
      const { a, b } = get().chosen ?? {}
      // A step that was cut off is chosen no more.
      const chosen = { ...(isThere(a) && a !== undefined && { a }), ...(isThere(b) && b !== undefined && { b }) }
      const sides = { a: chosen.a ?? (chosen.b === 'file' ? 'open' : 0), b: chosen.b ?? 'open' } as const
      if (steps.length < 2 && chosen.b !== 'file') {
        turn++
        return set({ ...asFirst, error: undefined })
      }
      set({ ...sides, chosen })
      try {
        await show(engine.compare.between(sides.a, sides.b))
      } catch (error) {
        if (!(error instanceof Closed)) set({ table: undefined, error: (error as Error).message })
      }
    },
  }
})

// Another model has nothing beside it yet.
useStore.subscribe(({ opened, network }, before) => {
  if (opened === before.opened && network) return
  turn++
  useComparing.setState({ ...asFirst, error: undefined })
})

const readSides = readerOf(compareWish)

// Another file is not in a session.
keepInSession('compare', {
  get() {
    const { a, b, chosen } = useComparing.getState()
    return chosen && { a, b }
  },
  set(value) {
    const sides = readSides(value)
    // The session's steps are there a moment later.
    if (sides) queueMicrotask(() => useComparing.getState().choose(sides))
  },
})
