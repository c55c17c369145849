import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { KerfError } from '../../base/index.ts'
import { type Checkpoint, checkpointChunks, readCheckpoint } from './checkpoint.ts'
import { type FileOperations, fileProblem, nodeFiles, writeWhole } from './files.node.ts'

/** How many checkpoints are kept. */
const keptCheckpoints = 2

const fileName = (step: number) => `step-${String(step).padStart(10, '0')}.safetensors`
const pattern = /^step-(\d{10,})\.safetensors$/

export interface FoundCheckpoint extends Checkpoint {
  readonly path: string
  /** Newer files that do not load, and why. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[]
}

/** The folder `checkpoints/` of a run: the last two are kept, and one of them loads whenever the process was killed. */
export class Checkpoints {
  readonly #folder: string
  readonly #files: FileOperations
  #damaged: string[] = []

  constructor(folder: string, files: FileOperations = nodeFiles) {
    this.#folder = folder
    this.#files = files
  }

  /** Files, newest first. */
  list(): { readonly step: number; readonly path: string }[] {
    return readdirSync(this.#folder)
      .flatMap((name) => {
        const step = pattern.exec(name)?.[1]
        return step === undefined ? [] : [{ step: Number(step), path: join(this.#folder, name) }]
      })
      .sort((a, b) => b.step - a.step)
  }

  /**
   * Writes a checkpoint to the disk, then removes those before the last two, those of a later step (of a run that was abandoned for an
   * earlier checkpoint), and those that were found damaged.
   * @returns the path of the file
   * @throws KerfError `disk-full` …; the checkpoints before it stay
   */
  save(checkpoint: Checkpoint): string {
    const { step } = checkpoint.state
    const path = join(this.#folder, fileName(step))
    writeWhole(path, checkpointChunks(checkpoint), this.#files)
    const keep = this.list()
      .filter((file) => file.step <= step && (file.path === path || !this.#damaged.includes(file.path)))
      .slice(0, keptCheckpoints)
      .map((file) => file.path)
    for (const file of this.list()) if (!keep.includes(file.path)) rmSync(file.path, { force: true })
    this.#damaged = []
    return path
  }

  /**
   * The newest checkpoint that loads; undefined where none has been written.
   * @throws KerfError `damaged-checkpoint` when there are some and none loads
   */
  latest(): FoundCheckpoint | undefined {
    const skipped: { path: string; reason: string }[] = []
    for (const { path } of this.list())
      try {
        const found = readCheckpoint(readFileSync(path))
        this.#damaged = skipped.map((s) => s.path)
        return { ...found, path, skipped }
      } catch (caught) {
        const error = fileProblem(caught, path, 'read')
        if (!(error instanceof KerfError)) throw error
        skipped.push({ path, reason: error.message })
      }
    if (skipped.length === 0) return undefined
    throw new KerfError(
      'damaged-checkpoint',
      `No checkpoint loads. ${skipped.map((s) => `${s.path}: ${s.reason}`).join(' ')} Start the training anew.`,
      { skipped },
    )
  }
}
