import { type Model, modelBytes, readModel } from 'kerf'
import type { CutRecoveryMemory } from 'kerf/workflow'
import { canKeep, hashOf, readKept, writeKept } from '../kept-files.ts'
import { forgetJob, jobFolder, makeRoom } from '../kept-jobs.ts'
import type { CutRecord } from './cut-record.ts'
import type { DecodedPictures } from './picture-set.ts'
import { type RecoverWish, recoveryJobs } from './prune-types.ts'

/*
 * Recoveries under way, kept in the browser's private storage, so that they go on when the page was closed: the network before the cut, what is kept of the cut, the pictures as
 * they were decoded, and what was done so far. One for each cut.
 */

/** What a recovery is made from. */
export interface RecoveryBasis {
  /** Of the file of the network before the cut. */
  readonly name: string
  readonly given: Model
  readonly cut: { readonly title: string; readonly record: CutRecord; readonly command?: string }
  readonly recover: RecoverWish
  readonly pictures: DecodedPictures
}

/** The JSON part. */
type Written = Pick<RecoveryBasis, 'name' | 'cut' | 'recover'>

type PictureFacts = Pick<DecodedPictures, 'width' | 'height' | 'classes'> & { readonly labels: readonly number[] }

/** What a recovery is kept under: the network before the cut, and the channels that stay. */
export const recoveryKey = (given: Model, { survivors }: CutRecord): Promise<string> =>
  hashOf(JSON.stringify(survivors), modelBytes(given).slice())

const folderOf = (key: string) => jobFolder(recoveryJobs, key)

/** Removes what is kept of a recovery. */
export async function forgetRecovery(key: string): Promise<void> {
  if (await canKeep()) await forgetJob(recoveryJobs, key)
}

/** Keeps a recovery that begins, in the place of the one before of this cut. */
export async function keepRecovery(key: string, { name, given, cut, recover, pictures }: RecoveryBasis): Promise<void> {
  if (!(await canKeep())) return
  await makeRoom(recoveryJobs, key)
  const folder = await folderOf(key)
  await writeKept(folder, 'given.onnx', modelBytes(given).slice())
  await writePictures(folder, 'pictures', pictures)
  const job: Written = { name, cut, recover }
  await writeKept(folder, recoveryJobs.marker, JSON.stringify(job))
}

/** The recovery that is kept; undefined where there is none. */
export async function keptRecovery(key: string): Promise<RecoveryBasis | undefined> {
  if (!(await canKeep())) return undefined
  const folder = await folderOf(key)
  const file = await readKept(folder, recoveryJobs.marker)
  if (!file) return undefined
  const { name, cut, recover } = JSON.parse(await file.text()) as Written
  const given = readModel(await bytesIn(folder, 'given.onnx'), { name })
  return { name, given, cut, recover, pictures: await readPictures(folder, 'pictures') }
}

/** What is done, beside it. @param part of the whole that is done, 0..1 */
export const keepPart = async (key: string, what: string, part: number): Promise<void> => {
  if (await canKeep()) await writeKept(await folderOf(key), 'part.json', JSON.stringify({ what, part }))
}

/** The steps that are done, and where training stands. */
export async function recoveryMemory(key: string): Promise<CutRecoveryMemory | undefined> {
  if (!(await canKeep())) return undefined
  const folder = await folderOf(key)
  return {
    async network<T>(name: string, make: () => Promise<{ readonly model: Model; readonly facts: T }>) {
      const facts = await readKept(folder, `${name}.json`)
      if (facts)
        return {
          model: readModel(await bytesIn(folder, `${name}.onnx`)),
          facts: JSON.parse(await facts.text()) as T,
        }
      const made = await make()
      await writeKept(folder, `${name}.onnx`, modelBytes(made.model).slice())
      await writeKept(folder, `${name}.json`, JSON.stringify(made.facts))
      return made
    },
    training: {
      everyMs: 500,
      async load() {
        const file = await readKept(folder, 'training')
        return file && new Uint8Array(await file.arrayBuffer())
      },
      save: (chunks) =>
        writeKept(
          folder,
          'training',
          new Blob(chunks as readonly Uint8Array<ArrayBuffer>[] as Uint8Array<ArrayBuffer>[]),
        ),
    },
  }
}

async function bytesIn(folder: FileSystemDirectoryHandle, name: string): Promise<Uint8Array> {
  const file = await readKept(folder, name)
  if (!file) throw new Error(`${name} is missing of what was kept of the recovery. Discard it.`)
  return new Uint8Array(await file.arrayBuffer())
}

async function writePictures(
  folder: FileSystemDirectoryHandle,
  name: string,
  { pixels, width, height, classes, labels }: DecodedPictures,
): Promise<void> {
  const facts: PictureFacts = { width, height, classes, labels: [...labels] }
  await writeKept(folder, `${name}.bytes`, new Blob([...pixels] as Uint8Array<ArrayBuffer>[]))
  await writeKept(folder, `${name}.json`, JSON.stringify(facts))
}

async function readPictures(folder: FileSystemDirectoryHandle, name: string): Promise<DecodedPictures> {
  const facts = new TextDecoder().decode(await bytesIn(folder, `${name}.json`))
  const { width, height, classes, labels } = JSON.parse(facts) as PictureFacts
  const all = await bytesIn(folder, `${name}.bytes`)
  const size = 3 * width * height
  return {
    ...{ width, height, classes, labels: Int32Array.from(labels), skipped: [] },
    pixels: labels.map((_, i) => all.subarray(i * size, (i + 1) * size)),
  }
}
