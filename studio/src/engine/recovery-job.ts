import { type Model, modelBytes, readModel } from 'kerf'
import type { TimeTable } from 'kerf/prune'
import { type CutRecoveryMemory, parseTimeTable, timeTableText } from 'kerf/workflow'
import { canKeep, keptFolder, readKept, writeKept } from '../kept-files.ts'
import type { DecodedPictures } from './picture-set.ts'
import type { PruneWish, RecoverWish } from './prune-types.ts'

/*
 * The recovery under way, kept in the browser's private storage, so that it goes on when the page was closed: the network before the cut, the wish that cut it, the pictures as
 * they were decoded, and what was done so far. One at a time. `job.json` is written when all else is there, and goes first.
 */

/** What a recovery is made from. */
export interface RecoveryBasis {
  /** Of the file of the network before the cut. */
  readonly name: string
  readonly given: Model
  readonly inputs: Readonly<Record<string, readonly number[]>>
  readonly cut: {
    readonly title: string
    readonly wish: PruneWish
    readonly times?: TimeTable
    readonly pictures?: DecodedPictures
  }
  readonly recover: RecoverWish
  readonly pictures: DecodedPictures
}

/** The JSON part. */
interface Written {
  readonly name: string
  readonly inputs: RecoveryBasis['inputs']
  readonly title: string
  readonly wish: PruneWish
  readonly recover: RecoverWish
}

type PictureFacts = Pick<DecodedPictures, 'width' | 'height' | 'classes'> & { readonly labels: readonly number[] }

export const recoveryFolder = () => keptFolder('recovery')

/** Removes what is kept. */
export async function forgetRecovery(): Promise<void> {
  if (!(await canKeep())) return
  const folder = await recoveryFolder()
  const names: string[] = []
  for await (const name of folder.keys()) names.push(name)
  // Without it there is none, whatever else is left.
  for (const name of names.toSorted((a, b) => Number(b === 'job.json') - Number(a === 'job.json')))
    await folder.removeEntry(name)
}

/** Keeps a recovery that begins, in the place of the one before. */
export async function keepRecovery({ name, given, inputs, cut, recover, pictures }: RecoveryBasis): Promise<void> {
  if (!(await canKeep())) return
  await forgetRecovery()
  const folder = await recoveryFolder()
  await writeKept(folder, 'given.onnx', modelBytes(given).slice())
  await writePictures(folder, 'pictures', pictures)
  if (cut.pictures && cut.pictures !== pictures) await writePictures(folder, 'ranked', cut.pictures)
  if (cut.times) await writeKept(folder, 'times.json', timeTableText(cut.times))
  const job: Written = { name, inputs, recover, title: cut.title, wish: cut.wish }
  await writeKept(folder, 'job.json', JSON.stringify({ ...job, looked: cut.pictures !== undefined }))
}

/** The recovery that is kept; undefined where there is none. */
export async function keptRecovery(): Promise<RecoveryBasis | undefined> {
  if (!(await canKeep())) return undefined
  const folder = await recoveryFolder()
  const file = await readKept(folder, 'job.json')
  if (!file) return undefined
  const { name, inputs, recover, title, wish, looked } = JSON.parse(await file.text()) as Written & {
    readonly looked: boolean
  }
  const given = readModel(await bytesIn(folder, 'given.onnx'), { name })
  const pictures = (await readPictures(folder, 'pictures'))!
  const times = await readKept(folder, 'times.json')
  return {
    ...{ name, given, inputs, recover, pictures },
    cut: {
      ...{ title, wish },
      times: times && parseTimeTable(await times.text()),
      pictures: looked ? ((await readPictures(folder, 'ranked')) ?? pictures) : undefined,
    },
  }
}

/** What is done, beside it. @param part of the whole that is done, 0..1 */
export const keepPart = async (what: string, part: number): Promise<void> => {
  if (await canKeep()) await writeKept(await recoveryFolder(), 'part.json', JSON.stringify({ what, part }))
}

/** The steps that are done, and where training stands. */
export async function recoveryMemory(): Promise<CutRecoveryMemory | undefined> {
  if (!(await canKeep())) return undefined
  const folder = await recoveryFolder()
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

async function readPictures(folder: FileSystemDirectoryHandle, name: string): Promise<DecodedPictures | undefined> {
  const file = await readKept(folder, `${name}.json`)
  if (!file) return undefined
  const { width, height, classes, labels } = JSON.parse(await file.text()) as PictureFacts
  const all = await bytesIn(folder, `${name}.bytes`)
  const size = 3 * width * height
  return {
    ...{ width, height, classes, labels: Int32Array.from(labels), skipped: [] },
    pixels: labels.map((_, i) => all.subarray(i * size, (i + 1) * size)),
  }
}
