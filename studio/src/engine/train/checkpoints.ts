import { type Model, modelBytes, readModel } from 'kerf'
import { type Checkpoint, checkpointChunks, readCheckpoint } from 'kerf/train'
import { canKeep, readKept, writeKept } from '../../kept-files.ts'
import { forgetJob, type JobKind, jobFolder, makeRoom } from '../../kept-jobs.ts'
import type { EpochPoint, TrainWish } from './types.ts'

/*
 * Trainings that go on, kept in the browser's private storage: whoever closes the tab opens the same model and the same pictures, and goes on from there. One for each model and
 * its pictures.
 */

const jobs: JobKind = { folder: 'training', marker: 'checkpoint' }

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
  await writeKept(await jobFolder(jobs, key), jobs.marker, new Blob(chunks.map((chunk) => chunk.slice())))
}

/** The one that is kept for this model and these pictures; undefined: none. */
export async function keptTraining(key: string): Promise<KeptTraining | undefined> {
  if (!(await canKeep())) return undefined
  const file = await readKept(await jobFolder(jobs, key), jobs.marker)
  if (!file || file.size === 0) return undefined
  const checkpoint = readCheckpoint(new Uint8Array(await file.arrayBuffer()))
  const { key: own, wish, epochs } = checkpoint.state as Partial<KeptTraining>
  return own === key && wish && epochs ? { key, wish, epochs, checkpoint } : undefined
}

/** Makes room for a training that begins: of trainings that were stopped the oldest go. */
export const beginTraining = async (key: string): Promise<void> => {
  if (!(await canKeep())) return
  await makeRoom(jobs, key)
  await writeKept(await jobFolder(jobs, key), jobs.marker, '')
}

/** The network that the validation images have chosen so far: whoever goes on may find no better one. */
export async function keepBest(key: string, model: Model): Promise<void> {
  if (await canKeep()) await writeKept(await jobFolder(jobs, key), 'best', modelBytes(model).slice())
}

export async function keptBest(key: string): Promise<Model | undefined> {
  const file = (await canKeep()) ? await readKept(await jobFolder(jobs, key), 'best') : undefined
  return file && readModel(new Uint8Array(await file.arrayBuffer()))
}

export async function forgetTraining(key: string): Promise<void> {
  if (await canKeep()) await forgetJob(jobs, key)
}
