import { create } from 'zustand'
import { Closed, engine } from '../engine/client.ts'
import type { PictureWish, ToldPictures } from '../engine/desks/pictures.ts'
import type { PickedFile } from '../engine/model-source.ts'
import { keepInSession } from '../session-settings.ts'
import { useStore } from '../store.ts'

/** Pictures that were given. */
export interface GivenPictures {
  readonly files: readonly PickedFile[]
  /** What the engine knows of them; undefined without any. */
  readonly told: ToldPictures | undefined
  readonly error: string | undefined
}

/** Pictures, given once, for all that looks at some, whatever network is open. */
export interface PictureStore extends PictureWish, GivenPictures {
  /** Another number for other pictures, or another use of them. */
  readonly turn: number
  /** Those that a training is tested with. */
  readonly test: GivenPictures
  give(files: readonly PickedFile[]): Promise<void>
  forget(): void
  giveTest(files: readonly PickedFile[]): Promise<void>
  forgetTest(): void
  use(wish: Partial<PictureWish>): void
}

/** Fewer say too little. */
const fewest = 8

const none: GivenPictures = { files: [], told: undefined, error: undefined }

/** What there is too little of. */
function fewOf(count: number, files: readonly PickedFile[]): string {
  if (files.length === 0) return 'The folder is empty.'
  const table = files.find(({ path }) => /\.[ct]sv$/i.test(path))
  const what = count === 1 ? 'picture' : 'pictures'
  return table
    ? `${count} ${what} with labels in ${table.path}.`
    : `${count} ${what} in ${files.length === 1 ? 'one file' : `${files.length} files`}.`
}

/** @returns undefined where the model was closed meanwhile */
async function given(
  files: readonly PickedFile[],
  take: (files: readonly PickedFile[]) => Promise<ToldPictures>,
): Promise<GivenPictures | undefined> {
  try {
    const told = await take(files)
    if (told.count >= fewest) return { files, told, error: undefined }
    return { ...none, error: `${fewOf(told.count, files)} Give at least ${fewest}, better some hundreds.` }
  } catch (error) {
    return error instanceof Closed ? undefined : { ...none, error: (error as Error).message }
  }
}

/** Without a model there is no engine: the lab looks at them. */
async function toldOf(files: readonly PickedFile[]): Promise<ToldPictures> {
  const { pictureFiles } = await import('../engine/picture-files.ts')
  const { files: pictures, classes, others, missing } = await pictureFiles(files)
  return { count: pictures.length, classes, others, missing }
}

/** A closed engine has forgotten them already. */
const forgotten = (answer: Promise<void>) =>
  void answer.catch((error: unknown) => {
    if (!(error instanceof Closed)) throw error
  })

export const usePictures = create<PictureStore>((set, get) => ({
  ...none,
  turn: 0,
  most: 256,
  labels: true,
  test: none,
  async give(files) {
    set({ error: undefined })
    const taken = await given(files, async (files) => {
      if (!useStore.getState().network) return toldOf(files)
      const told = await engine.pictures.give(files)
      await engine.pictures.use({ most: get().most, labels: get().labels })
      return told
    })
    if (!taken) return
    if (!taken.told) forgotten(engine.pictures.forget())
    set({ ...taken, turn: get().turn + 1 })
  },
  forget() {
    set({ ...none, turn: get().turn + 1 })
    forgotten(engine.pictures.forget())
  },
  async giveTest(files) {
    const taken = await given(files, engine.pictures.giveTest)
    if (!taken) return
    if (!taken.told) void engine.pictures.forgetTest()
    set({ test: taken })
  },
  forgetTest() {
    set({ test: none })
    void engine.pictures.forgetTest()
  },
  use(wish) {
    set({ ...wish, turn: get().turn + 1 })
    forgotten(engine.pictures.use({ most: get().most, labels: get().labels }))
  },
}))

// Another network has another engine.
useStore.subscribe(({ opened, network }, before) => {
  const { files, give, test, giveTest } = usePictures.getState()
  if (opened === before.opened || !network) return
  if (files.length > 0) void give(files)
  if (test.files.length > 0) void giveTest(test.files)
})

// The pictures themselves stay where they are.
keepInSession('pictures', {
  get: () => ({ most: usePictures.getState().most, labels: usePictures.getState().labels }),
  set(value) {
    const { most, labels } = Object(value)
    if (Number.isInteger(most) && most >= fewest && typeof labels === 'boolean') usePictures.setState({ most, labels })
  },
})
