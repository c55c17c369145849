import { type Model, modelBytes, readModel } from 'kerf'
import { type Checkpoint, checkpointChunks, readCheckpoint } from 'kerf/train'
import { canKeep, keptFolder, readKept, writeKept } from '../../kept-files.ts'
import type { EpochPoint, TrainWish } from './types.ts'

/*
 * The training that goes on, kept in the browser's private storage: whoever closes the tab opens the same model and the same pictures, and goes on from there. One at a time.
 */

const name = 'training'

/** What is kept beside the trainer's state. */
export interface KeptTraining {
  /** Of the model that it began with, and of the pictures. */
  readonly key: string
  readonly wish: TrainWish
  readonly epochs: readonly EpochPoint[]
  readonly checkpoint: Checkpoint
}

export async function keepTraining({ key, wish, epochs, checkpoint }: KeptTraining): Promise<void> {
  if (!(await canKeep())) return
  const { state, sections } = checkpoint
  const chunks = checkpointChunks({ state: { ...state, key, wish, epochs }, sections })
  // Whole or not at all.
  await writeKept(await keptFolder(name), 'checkpoint', new Blob(chunks.map((chunk) => chunk.slice())))
}

/** The one that is kept for this model and these pictures; undefined: none. */
export async function keptTraining(key: string): Promise<KeptTraining | undefined> {
  if (!(await canKeep())) return undefined
  const file = await readKept(await keptFolder(name), 'checkpoint')
  if (!file || file.size === 0) return undefined
  const checkpoint = readCheckpoint(new Uint8Array(await file.arrayBuffer()))
  const { key: own, wish, epochs } = checkpoint.state as Partial<KeptTraining>
  return own === key && wish && epochs ? { key, wish, epochs, checkpoint } : undefined
}

/** The network that the validation images have chosen so far: whoever goes on may find no better one. */
export async function keepBest(model: Model): Promise<void> {
  if (await canKeep()) await writeKept(await keptFolder(name), 'best', modelBytes(model).slice())
}

export async function keptBest(): Promise<Model | undefined> {
  const file = (await canKeep()) ? await readKept(await keptFolder(name), 'best') : undefined
  return file && readModel(new Uint8Array(await file.arrayBuffer()))
}

export async function forgetTraining(): Promise<void> {
  if (!(await canKeep())) return
  const folder = await keptFolder(name)
  for (const file of ['checkpoint', 'best']) if (await readKept(folder, file)) await folder.removeEntry(file)
}
