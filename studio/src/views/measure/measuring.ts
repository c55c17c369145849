import { proxy } from 'comlink'
import { create } from 'zustand'
import { Closed, engine } from '../../engine/client.ts'
import type { MachineLimits, Measurement, MeasureProgress, MeasureWish } from '../../engine/times.ts'
import { tellWorkOf } from '../../parts/works.ts'
import { keepInSession } from '../../session-settings.ts'
import { useStore } from '../../store.ts'
import { mostThreads } from '../../threads.ts'

/** How long may be measured, in seconds. */
export const durations = ['1', '2', '5', '10', '30']

/** What is measured, and what was: kept while other views are shown. */
export interface Measuring {
  readonly wish: MeasureWish
  /** Whether also on the other runtime that the server was given. A session's file says nothing of it: this is the user's own word, at every visit. */
  readonly beside: boolean
  /** Of the open network, at the size that it is counted for. */
  readonly measurement: Measurement | undefined
  /** Of this machine, whatever is open. */
  readonly limits: MachineLimits | undefined
  /** What is going on. */
  readonly progress: MeasureProgress | undefined
  /** What went wrong, as the library says it. */
  readonly error: string | undefined
  want(wish: Partial<MeasureWish>): void
  wantBeside(beside: boolean): void
  measure(): Promise<void>
  measureLimits(): Promise<void>
  stop(): void
}

export const useMeasuring = create<Measuring>((set, get) => {
  /** @param work undefined where it was stopped */
  const attempt = async (what: string, work: () => Promise<Partial<Measuring> | undefined>) => {
    set({ progress: { what, done: 0, total: 1 }, error: undefined })
    try {
      set({ ...(await work()), progress: undefined })
    } catch (error) {
      set({ progress: undefined, error: error instanceof Closed ? undefined : (error as Error).message })
    }
  }
  return {
    wish: { threads: Math.min(4, mostThreads()), seconds: 2 },
    beside: false,
    measurement: undefined,
    limits: undefined,
    progress: undefined,
    error: undefined,
    want: (wish) => set({ wish: { ...get().wish, ...wish } }),
    wantBeside: (beside) => set({ beside }),
    measure: () =>
      attempt('Making the network ready', async () => {
        const { opened, peer } = useStore.getState()
        const { wish, beside } = get()
        const told = proxy((progress: MeasureProgress) => get().progress && set({ progress }))
        const measurement = await engine.measure.network({ ...wish, peer: beside ? peer : undefined }, told)
        if (!measurement || opened !== useStore.getState().opened) return undefined
        await useStore.getState().showMeasured()
        return { measurement }
      }),
    measureLimits: () =>
      attempt('Measuring what this machine does at most', async () => {
        const limits = await engine.measure.limits(get().wish.threads)
        return limits && { limits }
      }),
    stop: () => void engine.measure.stop(),
  }
})

tellWorkOf('measuring', useMeasuring, ({ progress, stop }) => progress && { ...progress, stop })

// Another network, or another size of it, has other times.
useStore.subscribe(({ measured }, before) => {
  if (before.measured && !measured) useMeasuring.setState({ measurement: undefined })
})

keepInSession('measure', {
  get: () => useMeasuring.getState().wish,
  set(value) {
    const { threads, seconds } = Object(value)
    if (Number.isInteger(threads) && threads >= 1 && durations.includes(String(seconds)))
      useMeasuring.getState().want({ threads: Math.min(threads, mostThreads()), seconds })
  },
})
