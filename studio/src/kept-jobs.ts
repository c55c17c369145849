import { keptFolder, readKept } from './kept-files.ts'

/*
 * Long work that was not finished, kept in the browser's private storage: a folder for each, in one for each kind. Its marker says that a job is there, and goes first.
 */

/** More of a kind are not kept: the oldest go. */
const mostJobs = 4

/** A kind of jobs, and the file that marks them. */
export interface JobKind {
  readonly folder: string
  readonly marker: string
}

/** What marks a job. */
export interface KeptJob {
  readonly key: string
  readonly marker: File
}

/** The folder of one job. */
export const jobFolder = async ({ folder }: JobKind, key: string): Promise<FileSystemDirectoryHandle> =>
  (await keptFolder(folder)).getDirectoryHandle(key, { create: true })

/** Those that are kept, the newest first. */
export async function keptJobs(kind: JobKind): Promise<KeptJob[]> {
  const folder = await keptFolder(kind.folder)
  const jobs: KeptJob[] = []
  for await (const [key, handle] of folder.entries()) {
    const marker =
      handle.kind === 'directory' ? await readKept(handle as FileSystemDirectoryHandle, kind.marker) : undefined
    if (marker) jobs.push({ key, marker })
  }
  return jobs.sort((a, b) => b.marker.lastModified - a.marker.lastModified)
}

/** Removes a job. */
export async function forgetJob(kind: JobKind, key: string): Promise<void> {
  const own = await jobFolder(kind, key)
  if (await readKept(own, kind.marker)) await own.removeEntry(kind.marker)
  await (await keptFolder(kind.folder)).removeEntry(key, { recursive: true })
}

/** Makes room for one that begins, and removes what was begun and has no marker. @param key its own */
export async function makeRoom(kind: JobKind, key: string): Promise<void> {
  const kept = (await keptJobs(kind)).filter((job) => job.key !== key).slice(0, mostJobs - 1)
  const stays = new Set(kept.map((job) => job.key))
  const folder = await keptFolder(kind.folder)
  const names: string[] = []
  for await (const name of folder.keys()) names.push(name)
  for (const name of names) if (!stays.has(name)) await folder.removeEntry(name, { recursive: true })
}
