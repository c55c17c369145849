import { proxy } from 'comlink'
import { create } from 'zustand'
import { Closed, engine } from '../../engine/client.ts'
import type { KnownTimes } from '../../engine/desks/times.ts'
import type { MeasureProgress } from '../../engine/times.ts'
import { tellWorkOf } from '../../parts/works.ts'
import { keepInSession } from '../../session-settings.ts'
import { useStore } from '../../store.ts'
import { mostThreads } from '../../threads.ts'

/** How long each layer is measured at each width, in seconds: as the command line does. */
const seconds = 0.06

/** Times of layers on this device: what budgets and predictions of time stand on. */
export interface Timing {
  readonly threads: number
  /** Of the open network; undefined where its layers were not measured. */
  readonly known: KnownTimes | undefined
  readonly progress: MeasureProgress | undefined
  readonly error: string | undefined
  /** Looks for what was measured before. */
  look(threads?: number): Promise<void>
  measure(): Promise<void>
  stop(): void
}

export const useTiming = create<Timing>((set, get) => ({
  threads: 1,
  known: undefined,
  progress: undefined,
  error: undefined,
  async look(threads = get().threads) {
    set({ threads, error: undefined })
    try {
      const known = await engine.times.known(threads)
      if (threads === get().threads) set({ known })
    } catch (error) {
      if (!(error instanceof Closed)) set({ error: (error as Error).message })
    }
  },
  async measure() {
    set({ progress: { what: 'making the network ready', done: 0, total: 1 }, error: undefined })
    const told = proxy((progress: MeasureProgress) => get().progress && set({ progress }))
    try {
      const known = await engine.times.measure({ threads: get().threads, seconds }, told)
      set({ progress: undefined, ...(known && { known }) })
    } catch (error) {
      set({ progress: undefined, error: error instanceof Closed ? undefined : (error as Error).message })
    }
  },
  stop: () => void engine.measure.stop(),
}))

tellWorkOf('times', useTiming, ({ progress, stop }) => progress && { ...progress, stop })

keepInSession('times', {
  get: () => useTiming.getState().threads,
  set(threads) {
    if (typeof threads === 'number' && Number.isInteger(threads) && threads >= 1)
      useTiming.setState({ threads: Math.min(threads, mostThreads()) })
  },
})

// Times are those of the open network, as it is counted.
useStore.subscribe(({ network }, before) => {
  if (network === before.network) return
  useTiming.setState({ known: undefined, error: undefined })
  if (network) void useTiming.getState().look()
})
