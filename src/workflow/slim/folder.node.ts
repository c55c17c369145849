import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  checkFolder,
  isAborted,
  KerfError,
  makeFolder,
  parseJson,
  removeEmpty,
  removeLeftovers,
  type Task,
  withDefaults,
} from '../../base/index.node.ts'
import type { ImageSet } from '../../data/index.ts'
import type { Model } from '../../graph/index.ts'
import { type ModelSource, modelBytes, modelOf, readModelFile, writeModelFile } from '../../onnx/index.node.ts'
import { nodeRuntime } from '../../runtime/index.node.ts'
import { lockFolder, writeWhole } from '../../train/index.node.ts'
import { installedOrt } from '../prove/onnx-runtime.node.ts'
import { kerfTiming } from '../times/runtimes.node.ts'
import type { Remembered, SlimMemory } from './memory.ts'
import { type SlimOptions, targetOf } from './options.ts'
import type { Slimmed } from './result.ts'
import { slim as slimIn } from './slim.ts'

/*
 * DIR/slim.json                     what is made of what: a run that goes on must be the same one
 * DIR/time-NAME.json                a time that was measured
 * DIR/layers-NAME.json              times of layers, for a target in milliseconds
 * DIR/round-N.onnx, round-N.json    a network that was made, and what is to be said of it
 * DIR/.lock                         while a process has the folder
 *
 * Each is written whole or not at all, and read again before it is used: a run that was killed goes on with the bits that an undisturbed one has.
 */

/** `slim` with threads of Node, ONNX Runtime beside the proof where it is installed, and paths of files. */
export async function slim(source: ModelSource, options: SlimOptions, task: Task = {}): Promise<Slimmed> {
  const running = withDefaults(options, { runtime: nodeRuntime, timing: kerfTiming() })
  return slimIn(await modelOf(source, task), running, task, {
    proof: { runtime: nodeRuntime, beside: installedOrt },
  })
}

/** Where a run is kept. */
export interface SlimFolder {
  /** Holds what was measured and made. */
  readonly folder: string
  /** Replaces a folder that is there. */
  readonly force?: boolean
  /** Goes on with the run in the folder, to the same result as without the stop. */
  readonly resume?: boolean
}

/**
 * `slim`, kept in a folder: what is stopped or killed, at whatever moment, goes on to the same bits.
 * @param source a model in any form, also a path
 * @param options of `slim`; what is kept is kept in the folder
 * @param at the folder
 * @throws KerfError `exists` for the folder, `not-found` where there is nothing to resume, `other-run` where what was stopped was something else, `in-use` while another process has
 *   it, and as `slim`
 */
export async function slimInFolder(
  source: ModelSource,
  options: Omit<SlimOptions, 'memory'>,
  at: SlimFolder,
  task: Task = {},
): Promise<Slimmed> {
  const model = await modelOf(source, task)
  targetOf(options)
  const isNew = prepared(at)
  const made = makeFolder(at.folder)
  const unlock = lockFolder(at.folder)
  let isVain = false
  try {
    if (isNew) clear(at.folder)
    removeLeftovers(at.folder, true)
    await checkSame(at, model, options)
    return await slim(model, { ...options, memory: folderMemory(at.folder) }, task)
  } catch (error) {
    // What cannot be done leaves nothing: there is nothing to go on with.
    isVain = isNew && !isAborted(error) && !readdirSync(at.folder).some((name) => name.startsWith('round-'))
    if (isVain) clear(at.folder)
    throw error
  } finally {
    unlock()
    if (isVain) removeEmpty(made)
  }
}

function clear(folder: string): void {
  for (const name of readdirSync(folder)) if (isOwn(name)) rmSync(join(folder, name))
}

const isOwn = (name: string): boolean => /^(slim|time-.*|layers-.*|round-\d+)\.(json|onnx|onnx\.data)$/.test(name)

/** @returns whether what lies there is to be removed */
function prepared({ folder, force, resume }: SlimFolder): boolean {
  checkFolder(folder)
  const isThere = existsSync(join(folder, 'slim.json'))
  if (resume && !isThere)
    throw new KerfError('not-found', `${folder} has no run to go on with. Leave out --resume to start.`, {
      path: folder,
    })
  if (resume) return false
  const isEmpty = !existsSync(folder) || readdirSync(folder).every((name) => name.startsWith('.'))
  if (!isEmpty && !force)
    throw new KerfError(
      'exists',
      `${folder}, where the rounds are kept, exists. Go on with it by --resume, remove it, or replace it with --force.`,
      { path: folder },
    )
  return true
}

/** @throws KerfError `other-run` */
async function checkSame({ folder, resume }: SlimFolder, model: Model, options: SlimOptions): Promise<void> {
  const path = join(folder, 'slim.json')
  const text = `${JSON.stringify(await fingerprint(model, options), null, 2)}\n`
  if (!resume) writeWhole(path, [new TextEncoder().encode(text)])
  else if (readFileSync(path, 'utf8') !== text)
    throw new KerfError(
      'other-run',
      `${folder} is a run of another model, other images or other options. Give the same ones, or start anew with --force.`,
      { path: folder },
    )
}

/** Everything that the result depends on. */
async function fingerprint(model: Model, options: SlimOptions): Promise<unknown> {
  const { images, validation, test, keep, criterion = 'l2', ...others } = options
  const { onNotice, onStage, runtime, timing, operators, memory, threads, signal, backend, ...numbers } = others
  const sets = Object.entries({ images, validation, test }).flatMap(([name, set]) =>
    set ? [[name, set] as const] : [],
  )
  const hashes: Record<string, string> = {}
  for (const [name, set] of sets) hashes[name] = await hashOf(set)
  return {
    model: createHash('sha256').update(modelBytes(model)).digest('hex'),
    ...hashes,
    ...{ criterion: typeof criterion === 'string' ? criterion : criterion.name, keep: keep?.map((k) => k.text) },
    ...{ timed: timing?.on, ...numbers },
  }
}

async function hashOf(set: ImageSet): Promise<string> {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([set.classes, set.channels, set.height, set.width, [...set.labels]]))
  const pixels = new Float32Array(set.channels * set.height * set.width)
  for (let i = 0; i < set.count; i++) {
    await set.read(i, pixels)
    hash.update(pixels)
  }
  return hash.digest('hex')
}

/** What is kept in a folder; everything is read again before it is used. */
function folderMemory(folder: string): SlimMemory {
  const read = <T>(path: string): T =>
    // JSON has no infinite numbers.
    parseJson(readFileSync(path, 'utf8'), (key, value) =>
      key === 'outputError' && value === null ? Number.POSITIVE_INFINITY : value,
    ) as T
  const value = async <T>(name: string, make: () => Promise<T>): Promise<T> => {
    const path = join(folder, `${name}.json`)
    if (!existsSync(path)) writeWhole(path, [new TextEncoder().encode(`${JSON.stringify(await make())}\n`)])
    return read<T>(path)
  }
  return {
    value,
    async network<T>(name: string, make: () => Promise<Remembered<T>>) {
      const file = join(folder, `${name}.onnx`)
      // The network first: what is said of it is there when it is.
      const facts = await value(name, async () => {
        const made = await make()
        writeModelFile(made.model, file, { force: true })
        return made.facts
      })
      return { model: readModelFile(file), facts }
    },
  }
}
