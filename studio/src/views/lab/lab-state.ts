import { proxy } from 'comlink'
import type { FileFormat } from 'kerf/report'
import { create } from 'zustand'
import { LabStopped, LabWorker } from '../../engine/lab/client.ts'
import type { LabExperiment, LabOutcome, LabPictures } from '../../engine/lab/types.ts'
import { labWish, readerOf } from '../../engine/session/wishes.ts'
import { tellWorkOf } from '../../parts/works.ts'
import { usePictures } from '../../pictures/pictures.ts'
import { keepInSession } from '../../session-settings.ts'
import { mostThreads, usualThreads } from '../../threads.ts'

/** Experiments: they go on while other views are shown, and while models come and go. */
export interface Lab {
  readonly experiments: readonly LabExperiment[]
  /** The one that is looked at, by its name. */
  readonly name: string | undefined
  readonly full: boolean
  readonly seed: number
  readonly threads: number
  /** Fields that were changed, as texts. */
  readonly settings: Readonly<Record<string, string>>
  /** Of the experiment that goes on. */
  readonly running: { readonly name: string; readonly done: number; readonly total?: number } | undefined
  readonly outcome: LabOutcome | undefined
  readonly problem: string | undefined
  /** Whether pictures of one's own are taken, where there are some. */
  readonly isOwn: boolean
  load(): Promise<void>
  look(name: string): void
  set(settings: Partial<Pick<Lab, 'full' | 'seed' | 'threads' | 'settings' | 'isOwn'>>): void
  run(): Promise<void>
  stop(): void
  file(format: FileFormat): Promise<string>
}

const worker = new LabWorker()

/** Those of the page, where they have labels and the experiment looks at some. */
function ownPictures({ experiments, name, isOwn }: Lab): LabPictures | undefined {
  const { files, told, test, most } = usePictures.getState()
  const takes = experiments.find((e) => e.name === name)?.takesImages
  return takes && isOwn && told ? { files, test: test.files, most } : undefined
}

export const useLab = create<Lab>((set, get) => ({
  ...{ experiments: [], name: undefined, full: false, seed: 0, threads: usualThreads(), settings: {}, isOwn: true },
  ...{ running: undefined, outcome: undefined, problem: undefined },
  async load() {
    if (get().experiments.length > 0) return
    const experiments = await worker.ask((bench) => bench.experiments())
    const { name } = get()
    set({
      experiments,
      ...(experiments.some((e) => e.name === name) ? {} : { name: experiments[0]?.name, settings: {} }),
    })
  },
  look: (name) => set({ name, settings: {}, problem: undefined }),
  set: (settings) => set({ ...settings, ...(settings.full === undefined ? {} : { settings: {} }) }),
  async run() {
    const { name, full, seed, threads, settings } = get()
    if (name === undefined) return
    set({ running: { name, done: 0 }, outcome: undefined, problem: undefined })
    try {
      const told = proxy((state: { readonly done: number; readonly total?: number }) =>
        set(({ running }) => ({ running: running && { ...running, ...state } })),
      )
      set({
        outcome: await worker.ask((bench) =>
          bench.run({ name, full, seed, threads, settings, pictures: ownPictures(get()) }, told),
        ),
      })
    } catch (error) {
      if (!(error instanceof LabStopped)) set({ problem: (error as Error).message })
    } finally {
      set({ running: undefined })
    }
  },
  stop: () => worker.stop(),
  file: (format) => worker.ask((bench) => bench.file(format)),
}))

tellWorkOf('lab', useLab, ({ running, stop }) => running && { what: `Running ${running.name}`, ...running, stop })

const readLab = readerOf(labWish)

keepInSession('lab', {
  get() {
    const { name, full, seed, threads, settings } = useLab.getState()
    return { name, full, seed, threads, settings }
  },
  set(value) {
    const wish = readLab(value)
    if (wish) useLab.setState({ ...wish, threads: Math.min(wish.threads, mostThreads()) })
  },
})
