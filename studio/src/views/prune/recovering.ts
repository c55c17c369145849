import { proxy } from 'comlink'
import { create } from 'zustand'
import { Closed, engine } from '../../engine/client.ts'
import {
  type KeptRecovery,
  type RecoverWish,
  type RecoveryState,
  recoveryJobs,
  type TrainedStep,
} from '../../engine/prune-types.ts'
import { readerOf, recoverWish } from '../../engine/session/wishes.ts'
import { canKeep, readKept } from '../../kept-files.ts'
import { forgetJob, jobFolder, type KeptJob, keptJobs } from '../../kept-jobs.ts'
import { tellWorkOf, timeText } from '../../parts/works.ts'
import { keepInSession } from '../../session-settings.ts'
import { useStore } from '../../store.ts'
import { mostThreads, usualThreads } from '../../threads.ts'

/** The recovery under way, and those that are kept. */
export interface Recovering {
  readonly wish: RecoverWish
  readonly state: RecoveryState | undefined
  /** When what is done now began, in milliseconds, and how far that was then. */
  readonly since: { readonly what: string; readonly ms: number; readonly done: number } | undefined
  /** Updates of training so far. */
  readonly curve: readonly TrainedStep[]
  /** The step that they made, or, where they were stopped, were to make something of. */
  readonly curveOf: number | undefined
  readonly kept: readonly KeptRecovery[]
  readonly error: string | undefined
  want(wish: Partial<RecoverWish>): void
  recover(): Promise<void>
  /** Goes on with one that is kept, where it stopped. */
  goOn(kept: KeptRecovery): Promise<void>
  stop(): void
  discard(kept: KeptRecovery): Promise<void>
  /** Looks for those that are kept. */
  look(): Promise<void>
}

type Work = (
  progress: (state: RecoveryState) => void,
  told: (steps: TrainedStep[]) => void,
) => ReturnType<typeof engine.prune.recover>

export const useRecovering = create<Recovering>((set, get) => {
  const attempt = async (work: Work) => {
    set({
      state: { what: 'reading pictures', done: 0 },
      since: undefined,
      curve: [],
      curveOf: undefined,
      error: undefined,
      kept: [],
    })
    const progress = proxy((state: RecoveryState) => {
      const { state: before, since } = get()
      if (!before) return
      const isNew = since?.what !== state.what
      set({ state, ...(isNew && { since: { what: state.what, ms: performance.now(), done: state.done } }) })
    })
    const told = proxy((steps: TrainedStep[]) => set({ curve: [...get().curve, ...steps] }))
    try {
      const changed = await work(progress, told)
      const { at, change } = useStore.getState()
      // Stopped: the cut that it is of may have been made again.
      const now = changed ?? (await engine.model.now())
      set({ state: undefined, curveOf: now.at })
      if (now.at !== at) change(now)
    } catch (error) {
      const problem = error instanceof Closed ? undefined : (error as Error).message
      set({ state: undefined, curveOf: useStore.getState().at, error: problem })
    }
    await get().look()
  }
  return {
    wish: { steps: 'auto', epochs: 10, threads: usualThreads() },
    ...{ state: undefined, since: undefined, curve: [], curveOf: undefined, kept: [], error: undefined },
    want: (wish) => set({ wish: { ...get().wish, ...wish } }),
    recover: () => attempt((progress, told) => engine.prune.recover(get().wish, progress, told)),
    async goOn({ key, name }) {
      const { network, open } = useStore.getState()
      if (!(network && (await engine.prune.isOpen(key)))) {
        const file = await readKept(await jobFolder(recoveryJobs, key), 'given.onnx')
        if (file) await open({ from: 'files', files: [{ path: name, file: new File([file], name) }] })
        // The address says which view is shown.
        location.hash = 'prune'
      }
      await attempt((progress, told) => engine.prune.goOn(key, progress, told))
    },
    stop: () => void engine.prune.stop(),
    async discard({ key }) {
      set({ kept: get().kept.filter((other) => other.key !== key), curve: [] })
      await forgetJob(recoveryJobs, key)
    },
    async look() {
      if (!(await canKeep())) return
      const kept = await Promise.all((await keptJobs(recoveryJobs)).map(told))
      if (!get().state) set({ kept })
    },
  }
})

// Another network has learnt nothing yet.
useStore.subscribe(({ opened }, before) => {
  if (opened !== before.opened) useRecovering.setState({ curve: [], curveOf: undefined, error: undefined })
})

tellWorkOf('recovering', useRecovering, ({ state, since, stop }) => {
  if (!state) return undefined
  const left = secondsLeft({ state, since })
  return { ...state, what: left === undefined ? state.what : `${state.what}, ${timeText(left)} left`, stop }
})

/** What is told of one that is kept. */
async function told({ key, marker }: KeptJob): Promise<KeptRecovery> {
  const { name, cut } = JSON.parse(await marker.text()) as { readonly name: string; readonly cut: { title: string } }
  const part = await readKept(await jobFolder(recoveryJobs, key), 'part.json')
  return { key, name, title: cut.title, ...(part ? JSON.parse(await part.text()) : { what: 'beginning', part: 0 }) }
}

const readRecover = readerOf(recoverWish)

keepInSession('recover', {
  get: () => useRecovering.getState().wish,
  set(value) {
    const wish = readRecover(value)
    if (wish) useRecovering.getState().want({ ...wish, threads: Math.min(wish.threads, mostThreads()) })
  },
})

/** Seconds that are left of what is done now, by how long it took so far; undefined where that cannot be said yet. */
function secondsLeft({ state, since }: Pick<Recovering, 'state' | 'since'>): number | undefined {
  if (!state?.total || !since || since.what !== state.what || state.done <= since.done) return undefined
  const each = (performance.now() - since.ms) / (state.done - since.done)
  return (each * (state.total - state.done)) / 1000
}
