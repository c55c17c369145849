import { create } from 'zustand'
import { Closed, engine } from '../engine/client.ts'
import type { PictureWish, ToldPictures } from '../engine/desks/pictures.ts'
import type { PickedFile } from '../engine/model-source.ts'
import { keepInSession } from '../session-settings.ts'
import { useStore } from '../store.ts'

/** Pictures, given once, for all that looks at some, whatever network is open. */
export interface PictureStore extends PictureWish {
  readonly files: readonly PickedFile[]
  /** What the engine knows of them; undefined without any. */
  readonly told: ToldPictures | undefined
  /** Another number for other pictures, or another use of them. */
  readonly turn: number
  readonly error: string | undefined
  give(files: readonly PickedFile[]): Promise<void>
  forget(): void
  use(wish: Partial<PictureWish>): void
}

/** Fewer say too little. */
const fewest = 8

export const usePictures = create<PictureStore>((set, get) => ({
  files: [],
  told: undefined,
  turn: 0,
  most: 256,
  labels: true,
  error: undefined,
  async give(files) {
    set({ error: undefined })
    try {
      const told = await engine.pictures.give(files)
      await engine.pictures.use({ most: get().most, labels: get().labels })
      if (told.count >= fewest) return set({ files, told, turn: get().turn + 1 })
      get().forget()
      set({
        error: `${told.count} of ${files.length} files are pictures; at least ${fewest} are needed, some hundreds are good.`,
      })
    } catch (error) {
      if (!(error instanceof Closed)) set({ error: (error as Error).message })
    }
  },
  forget() {
    set({ files: [], told: undefined, error: undefined, turn: get().turn + 1 })
    void engine.pictures.forget()
  },
  use(wish) {
    set({ ...wish, turn: get().turn + 1 })
    void engine.pictures.use({ most: get().most, labels: get().labels })
  },
}))

// Another network has another engine.
useStore.subscribe(({ opened, network }, before) => {
  const { files, give } = usePictures.getState()
  if (opened !== before.opened && network && files.length > 0) void give(files)
})

// The pictures themselves stay where they are.
keepInSession('pictures', {
  get: () => ({ most: usePictures.getState().most, labels: usePictures.getState().labels }),
  set(value) {
    const { most, labels } = Object(value)
    if (Number.isInteger(most) && most >= fewest && typeof labels === 'boolean') usePictures.setState({ most, labels })
  },
})
