import { create } from 'zustand'
import type { ModelSource, PickedFile } from '../engine/model-source.ts'
import type { Network } from '../engine/types.ts'
import { canKeep, hashOf, keptFolder, readKept, writeKept } from '../kept-files.ts'

/*
 * Models that were open before, copied into the origin private file system: a folder for each, of its files by number and `entry.json`, which is written last.
 */

const mebi = 2 ** 20
/** Of one model with its external data. */
const mostBytes = 512 * mebi
/** Of all of them. */
const mostBytesInAll = 1024 * mebi
const mostEntries = 12

/** A model of before. */
export interface RecentModel {
  readonly id: string
  readonly name: string
  /** When it was opened last, in milliseconds. */
  readonly opened: number
  readonly files: readonly { readonly path: string; readonly size: number }[]
}

export const bytesOf = ({ files }: Pick<RecentModel, 'files'>): number => files.reduce((sum, { size }) => sum + size, 0)

interface RecentStore {
  /** The last one first; undefined until they were looked for. */
  readonly models: readonly RecentModel[] | undefined
  /** Whether models that are opened are kept. */
  readonly keeps: boolean
  setKeeps(keeps: boolean): void
}

const keepsKey = 'kerf-keeps-recent'

export const useRecent = create<RecentStore>((set) => ({
  models: undefined,
  keeps: localStorage.getItem(keepsKey) !== 'no',
  setKeeps(keeps) {
    localStorage.setItem(keepsKey, keeps ? 'yes' : 'no')
    set({ keeps })
  },
}))

const folder = () => keptFolder('recent')

/** One page at a time: several may be open. */
const alone = <T>(work: () => Promise<T>): Promise<T> => navigator.locks.request('kerf-recent', work)

/** Looks for them, and throws away what was not written to its end. */
export const findRecent = (): Promise<void> =>
  alone(async () => {
    const models: RecentModel[] = []
    if (await canKeep()) {
      const all = await folder()
      for await (const [id, handle] of all.entries()) {
        const entry = handle.kind === 'directory' && (await entryIn(handle as FileSystemDirectoryHandle))
        if (entry) models.push({ ...entry, id })
        else await all.removeEntry(id, { recursive: true })
      }
    }
    show(models)
  })

const show = (models: readonly RecentModel[]) =>
  useRecent.setState({ models: models.toSorted((a, b) => b.opened - a.opened) })

async function entryIn(handle: FileSystemDirectoryHandle): Promise<Omit<RecentModel, 'id'> | undefined> {
  const file = await readKept(handle, 'entry.json')
  try {
    return file && JSON.parse(await file.text())
  } catch (error) {
    // Written half, by a page that was closed.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Its files, to be opened. */
export async function recentSource({ id, files }: RecentModel): Promise<ModelSource> {
  const handle = await (await folder()).getDirectoryHandle(id)
  const picked = await Promise.all(
    files.map(async ({ path }, i): Promise<PickedFile> => {
      const file = await (await handle.getFileHandle(String(i))).getFile()
      return { path, file: new File([file], path.split('/').at(-1)!) }
    }),
  )
  const [first, ...others] = picked
  return { from: 'files', files: [first!, ...others], recent: id }
}

/** Forgets one. */
export const removeRecent = (id: string): Promise<void> =>
  alone(async () => {
    await (await folder()).removeEntry(id, { recursive: true })
    show((useRecent.getState().models ?? []).filter((model) => model.id !== id))
  })

/** Copies a model that was opened, or notes that it was opened again; others go where there is no room. */
export async function keepRecent(source: ModelSource, network: Network): Promise<void> {
  const { models: known, keeps } = useRecent.getState()
  if (source.from !== 'files' || !known || !(keeps || source.recent !== undefined) || !(await canKeep())) return
  const [own, ...others] = source.files
  const files = [own, ...others.filter(({ path }) => network.used?.includes(path))]
  const id = source.recent ?? (await idOf(files))
  const entry = {
    ...{ id, name: network.name, opened: Date.now() },
    files: files.map(({ path, file }) => ({ path, size: file.size })),
  }
  if (bytesOf(entry) > mostBytes) return
  await alone(async () => {
    const before = useRecent.getState().models ?? []
    const isThere = before.some((model) => model.id === id)
    const others = before.filter((model) => model.id !== id)
    const kept = isThere ? others : await withRoom(others, bytesOf(entry))
    if (!kept) return
    const handle = await (await folder()).getDirectoryHandle(id, { create: true })
    if (!isThere) for (const [i, { file }] of files.entries()) await writeKept(handle, String(i), file)
    await writeKept(handle, 'entry.json', JSON.stringify(entry))
    show([entry, ...kept])
  })
}

/** Removes the oldest until so many bytes fit; undefined where the browser has not enough for them. */
async function withRoom(models: readonly RecentModel[], bytes: number): Promise<readonly RecentModel[] | undefined> {
  const newest = models.toSorted((a, b) => b.opened - a.opened)
  const kept: RecentModel[] = []
  let sum = bytes
  for (const model of newest) {
    sum += bytesOf(model)
    if (sum <= mostBytesInAll && kept.length + 1 < mostEntries) kept.push(model)
    else await (await folder()).removeEntry(model.id, { recursive: true })
  }
  const { quota = 0, usage = 0 } = await navigator.storage.estimate()
  if (quota - usage < 2 * bytes) {
    show(kept)
    return undefined
  }
  return kept
}

/** The same for the same files: of one name, size and time. */
const idOf = (files: readonly PickedFile[]): Promise<string> =>
  hashOf(files.map(({ path, file }) => `${path}\0${file.size}\0${file.lastModified}`).join('\0'))
