import { proxy } from 'comlink'
import { create } from 'zustand'
import { Closed, engine } from '../../engine/client.ts'
import {
  type KeptRecovery,
  type RecoverWish,
  type RecoveryState,
  recoveryFile,
  type TrainedStep,
} from '../../engine/prune-types.ts'
import { readerOf, recoverWish } from '../../engine/session/wishes.ts'
import { canKeep, keptFolder, readKept } from '../../kept-files.ts'
import { keepInSession } from '../../session-settings.ts'
import { useStore } from '../../store.ts'
import { mostThreads, usualThreads } from '../../threads.ts'

/** The recovery under way, and the one that is kept. */
export interface Recovering {
  readonly wish: RecoverWish
  readonly state: RecoveryState | undefined
  /** When what is done now began, in milliseconds, and how far that was then. */
  readonly since: { readonly what: string; readonly ms: number; readonly done: number } | undefined
  /** Updates of training so far. */
  readonly curve: readonly TrainedStep[]
  readonly kept: KeptRecovery | undefined
  readonly error: string | undefined
  want(wish: Partial<RecoverWish>): void
  recover(): Promise<void>
  /** Goes on with the one that is kept, where it stopped. */
  goOn(): Promise<void>
  stop(): void
  discard(): Promise<void>
  /** Looks for one that is kept. */
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
      error: undefined,
      kept: undefined,
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
      set({ state: undefined })
      if (changed) useStore.getState().change(changed)
    } catch (error) {
      set({ state: undefined, error: error instanceof Closed ? undefined : (error as Error).message })
    }
    await get().look()
  }
  return {
    wish: { steps: 'auto', epochs: 10, threads: usualThreads() },
    ...{ state: undefined, since: undefined, curve: [], kept: undefined, error: undefined },
    want: (wish) => set({ wish: { ...get().wish, ...wish } }),
    recover: () => attempt((progress, told) => engine.prune.recover(get().wish, progress, told)),
    async goOn() {
      const { kept } = get()
      const { network, open } = useStore.getState()
      if (kept && !(network && (await engine.prune.isKeptOpen()))) {
        const file = await readKept(await keptFolder('recovery'), 'given.onnx')
        if (file) await open({ from: 'files', files: [{ path: kept.name, file: new File([file], kept.name) }] })
        // The address says which view is shown.
        location.hash = 'prune'
      }
      await attempt((progress, told) => engine.prune.goOn(progress, told))
    },
    stop: () => void engine.prune.stop(),
    async discard() {
      set({ kept: undefined, curve: [] })
      const folder = await keptFolder('recovery')
      await folder.removeEntry(recoveryFile)
    },
    async look() {
      if (!(await canKeep())) return
      const folder = await keptFolder('recovery')
      const [job, part] = [await readKept(folder, recoveryFile), await readKept(folder, 'part.json')]
      if (!job) return set({ kept: undefined })
      const { name } = JSON.parse(await job.text()) as { readonly name: string }
      const done = part ? JSON.parse(await part.text()) : { what: 'beginning', part: 0 }
      if (!get().state) set({ kept: { name, ...done } })
    },
  }
})

const readRecover = readerOf(recoverWish)

keepInSession('recover', {
  get: () => useRecovering.getState().wish,
  set(value) {
    const wish = readRecover(value)
    if (wish) useRecovering.getState().want({ ...wish, threads: Math.min(wish.threads, mostThreads()) })
  },
})

/** Seconds that are left of what is done now, by how long it took so far; undefined where that cannot be said yet. */
export function secondsLeft({ state, since }: Pick<Recovering, 'state' | 'since'>): number | undefined {
  if (!state?.total || !since || since.what !== state.what || state.done <= since.done) return undefined
  const each = (performance.now() - since.ms) / (state.done - since.done)
  return (each * (state.total - state.done)) / 1000
}
