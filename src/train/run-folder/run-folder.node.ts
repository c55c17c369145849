import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { checkFolder, KerfError, makeFolder, parseJson, removeLeftovers } from '../../base/index.node.ts'
import {
  decodeJsonLines,
  encodeJsonLine,
  encodeScalars,
  encodeSessionStart,
  eventsFileStart,
} from '../../formats/index.ts'
import type { Checkpoint } from './checkpoint.ts'
import { Checkpoints, type FoundCheckpoint } from './checkpoints.node.ts'
import {
  type AppendedFile,
  type FileOperations,
  fileProblem,
  nodeFiles,
  openAppended,
  writeWhole,
} from './files.node.ts'
import { checkUnlocked, lockFolder } from './lock.node.ts'
import type { Metrics } from './metrics.ts'
import { recipeForFolder, recipeFromFolder } from './moving.node.ts'

/*
 * DIR/recipe.json                      what is trained, every default written out; paths are relative to DIR
 * DIR/start.onnx, DIR/teacher.onnx     what training starts from and learns from, where these are files
 * DIR/metrics.jsonl                    a line per `log`
 * DIR/events.out.tfevents.*            the same for TensorBoard, a file per start
 * DIR/curves.svg, DIR/test.json        by `writeText`
 * DIR/checkpoints/step-N.safetensors   the last two
 * DIR/best.onnx, DIR/last.onnx         by `writeModel`
 * DIR/.lock                            while a process has the folder
 */
/** Networks that a run's folder holds: those it has made, and those it was made from. */
export type ModelFile = 'best' | 'last' | 'start' | 'teacher'

export interface RunFolder {
  readonly path: string
  /** What recipe.json holds, with paths of the process. */
  readonly recipe: unknown
  /** All lines of metrics.jsonl. */
  readonly metrics: readonly Metrics[]
  /** Appends to metrics.jsonl and the TensorBoard events. @throws KerfError `disk-full` …; no half line stays */
  log(metrics: Metrics): void
  /** Writes a text whole or not at all. */
  writeText(name: 'curves.svg' | 'test.json', text: string): void
  /** What test.json holds; undefined before it is written. @throws KerfError `bad-json` */
  readTested(): unknown
  /** Metrics so far and the checkpoint are on the disk when it returns; the one before it is kept. Returns its path. */
  saveCheckpoint(checkpoint: Checkpoint): string
  /** The newest checkpoint that loads; see `Checkpoints.latest`. */
  latestCheckpoint(): FoundCheckpoint | undefined
  /** Drops metrics of later steps: of what a killed run did after its last checkpoint. Call before going on. */
  resumeAt(step: number): void
  /** Calls `write` with the path of best.onnx …, which may exist already; it must replace it whole. */
  writeModel(which: ModelFile, write: (path: string) => void): string
  close(): void
}

export interface RunFolderOptions {
  readonly files?: FileOperations
  /** The clock of the events; Date.now by default. */
  readonly now?: () => number
}

const owned =
  /^((recipe|test)\.json|metrics\.jsonl|curves\.svg|checkpoints|(best|last|start|teacher)\.onnx(\.data)?|events\.out\.tfevents\..*)$/

/**
 * For before long work: refuses a folder that a new run would refuse.
 * @returns what an earlier run left there
 * @throws KerfError `in-use` when another process has the folder, `exists` when there is a run already and no `force`, `not-a-folder`, `no-access`
 */
export function checkFree(path: string, force = false): string[] {
  return guarded(path, () => {
    checkFolder(path)
    checkUnlocked(path)
    return existingRun(path, force)
  })
}

function existingRun(path: string, force: boolean | undefined): string[] {
  const present = existsSync(path) ? readdirSync(path).filter((name) => owned.test(name)) : []
  if (present.length > 0 && !force)
    throw new KerfError(
      'exists',
      `${path} holds a run already (${present.join(', ')}). Go on with it by --resume, start over with --force, or choose another folder.`,
      { path, present },
    )
  return present
}

/**
 * Makes the folder of a new run, and those above it.
 * @param options.force removes what an earlier run left there; other files stay
 * @throws KerfError `exists` when there is a run already, `in-use` when another process has it, `not-a-folder`, `no-access`, `disk-full` …
 */
export function createRunFolder(
  path: string,
  recipe: unknown,
  options: RunFolderOptions & { readonly force?: boolean } = {},
): RunFolder {
  return guarded(path, () => {
    makeFolder(path)
    return locked(path, (unlock) => {
      const present = existingRun(path, options.force)
      for (const name of present) rmSync(join(path, name), { recursive: true })
      // First: a folder without a recipe is no run to go on with, and nothing in it must be in the way of a new one.
      const text = JSON.stringify(recipeForFolder(recipe, path), null, 2)
      writeWhole(join(path, 'recipe.json'), [utf8(`${text}\n`)], options.files)
      makeFolder(join(path, 'checkpoints'))
      return new Folder(path, recipe, options, unlock)
    })
  })
}

/**
 * Opens the folder of a run that was stopped or killed, and removes files that it was in the middle of writing.
 * @throws KerfError `not-found` when no run is there, `in-use` when another process goes on with it, `bad-recipe` when its recipe.json is no JSON
 */
export function openRunFolder(path: string, options: RunFolderOptions = {}): RunFolder {
  const file = join(path, 'recipe.json')
  if (!existsSync(file))
    throw new KerfError('not-found', `${path} holds no run: there is no recipe.json. Start one without --resume.`, {
      path,
    })
  return guarded(path, () => {
    makeFolder(join(path, 'checkpoints'))
    return locked(path, (unlock) => {
      for (const folder of [path, join(path, 'checkpoints')]) removeLeftovers(folder, true)
      return new Folder(path, recipeFromFolder(readJson(file, 'bad-recipe'), path), options, unlock)
    })
  })
}

/** Work in a folder that no other process has; unlocked again where it fails. */
function locked<T>(path: string, act: (unlock: () => void) => T): T {
  const unlock = lockFolder(path)
  try {
    return act(unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

function readJson(path: string, code: string): unknown {
  try {
    return parseJson(readFileSync(path, 'utf8'))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new KerfError(code, `${path} is not JSON: ${error.message}.`, { path })
  }
}

const isMetrics = (record: object): record is Metrics =>
  'step' in record && 'epoch' in record && Object.values(record).every((v) => typeof v === 'number')

function readMetrics(path: string): Metrics[] {
  try {
    const records = decodeJsonLines(readFileSync(path, 'utf8'))
    return records.map((record, i) => {
      if (!isMetrics(record))
        throw new KerfError(
          'bad-json-lines',
          `Line ${i + 1} is no line of metrics: numbers by name, with step and epoch.`,
        )
      return record
    })
  } catch (error) {
    if (!(error instanceof KerfError)) throw error
    throw new KerfError(error.code, `${path}: ${error.message} Remove the line, or the file.`, {
      path,
      ...error.details,
    })
  }
}

function guarded<T>(path: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw fileProblem(error, path, 'used')
  }
}

const utf8 = (text: string) => new TextEncoder().encode(text)

class Folder implements RunFolder {
  readonly path: string
  readonly recipe: unknown
  readonly #checkpoints: Checkpoints
  readonly #files: FileOperations
  readonly #now: () => number
  readonly #records: Metrics[]
  #metricsFile: AppendedFile
  #events: AppendedFile | undefined
  readonly #unlock: () => void

  constructor(
    path: string,
    recipe: unknown,
    { files = nodeFiles, now = Date.now }: RunFolderOptions,
    unlock: () => void,
  ) {
    this.#unlock = unlock
    this.path = path
    this.recipe = recipe
    this.#files = files
    this.#now = now
    this.#checkpoints = new Checkpoints(join(path, 'checkpoints'), files)
    const file = join(path, 'metrics.jsonl')
    this.#records = existsSync(file) ? readMetrics(file) : []
    // Without the half line that a killed process may have left. A file that has none is not touched.
    const lines = this.#lines()
    if (!existsSync(file) || !lines.equals(readFileSync(file))) writeWhole(file, [lines], files)
    this.#metricsFile = openAppended(file, files)
  }

  get metrics(): readonly Metrics[] {
    return this.#records
  }

  #lines(): Buffer {
    return Buffer.from(this.#records.map((record) => encodeJsonLine(record)).join(''))
  }

  /** A file of its own for every start, made when the first number comes. */
  #eventsFile(): AppendedFile {
    if (this.#events) return this.#events
    const timeMs = this.#now()
    const start = `events.out.tfevents.${Math.floor(timeMs / 1000)}.${hostname()}.${process.pid}`
    // TensorBoard reads the files in the order of their names.
    const count = readdirSync(this.path).filter((name) => name.startsWith('events.out.tfevents.')).length
    this.#events = openAppended(join(this.path, `${start}.${count}`), this.#files)
    this.#events.append(eventsFileStart(timeMs))
    return this.#events
  }

  log(metrics: Metrics): void {
    this.#metricsFile.append(utf8(encodeJsonLine(metrics)))
    this.#records.push(metrics)
    const { step, epoch: _, ...scalars } = metrics
    this.#eventsFile().append(encodeScalars({ timeMs: this.#now(), step, scalars }))
  }

  writeText(name: string, text: string): void {
    writeWhole(join(this.path, name), [utf8(text)], this.#files)
  }

  readTested(): unknown {
    const file = join(this.path, 'test.json')
    return existsSync(file) ? readJson(file, 'bad-json') : undefined
  }

  saveCheckpoint(checkpoint: Checkpoint): string {
    this.#metricsFile.sync()
    return this.#checkpoints.save(checkpoint)
  }

  latestCheckpoint(): FoundCheckpoint | undefined {
    return this.#checkpoints.latest()
  }

  resumeAt(step: number): void {
    const kept = this.#records.filter((record) => record.step <= step)
    this.#records.splice(0, Number.POSITIVE_INFINITY, ...kept)
    this.#metricsFile.close()
    const file = join(this.path, 'metrics.jsonl')
    writeWhole(file, [this.#lines()], this.#files)
    this.#metricsFile = openAppended(file, this.#files)
    this.#eventsFile().append(encodeSessionStart(this.#now(), step + 1))
  }

  writeModel(which: ModelFile, write: (path: string) => void): string {
    const path = join(this.path, `${which}.onnx`)
    write(path)
    return path
  }

  close(): void {
    this.#metricsFile.close()
    this.#events?.close()
    this.#unlock()
  }
}
