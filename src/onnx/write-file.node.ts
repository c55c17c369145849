import { closeSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { KerfError, removeLeftovers, temporaryBeside } from '../base/index.node.ts'
import type { Model } from '../graph/index.ts'
import { type Content, encodeModel, protobufLimit, tooLarge } from './encode.ts'
import { checkExternalData } from './external-check.ts'
import { fileError } from './file-source.node.ts'
import { filesOf } from './read-file.node.ts'

/** Where weights go, and whether a file may be replaced. */
export interface WriteOptions {
  /** Replace what is there; by default that is an error. */
  readonly force?: boolean
  /**
   * Where the weights go: 'auto' (default) inside, unless the file would pass protobuf's limit of 2 GiB; 'always' into `PATH.data` beside
   * the model; 'never'.
   */
  readonly externalData?: 'auto' | 'always' | 'never'
  /** Files that must not be replaced, not even with `force`; those that the model's weights are read from never are. */
  readonly protect?: readonly string[]
}

/** The files that were written. */
export interface WrittenModel {
  /** Of the model. */
  readonly path: string
  /** Its size. */
  readonly bytes: number
  /** Of the file with its weights, if there is one. */
  readonly externalPath?: string
  /** Its size. */
  readonly externalBytes?: number
}

/**
 * Writes a model, whole or not at all: into temporary files beside the target, renamed when everything is on the disk.
 * @param path of the model's file
 * @throws KerfError `exists` (without `force`), `same-file` (the target is what the weights are read from, or protected), `too-large`
 *   ('never' and 2 GiB or more), `not-found` (no such folder), `no-access`, `disk-full`, and whatever reading the weights throws
 */
export function writeModelFile(model: Model, path: string, options: WriteOptions = {}): WrittenModel {
  const { force = false, externalData = 'auto', protect = [] } = options
  const externalPath = `${path}.data`
  const withExternal = () => encodeModel(model, { externalLocation: basename(externalPath) })
  let encoded = externalData === 'always' ? withExternal() : encodeModel(model)
  if (encoded.size > protobufLimit && externalData === 'auto') encoded = withExternal()
  if (encoded.size > protobufLimit) throw tooLarge(encoded.size)
  const files: Target[] = [{ path, content: encoded }]
  // The data first: whoever sees the new model finds its weights.
  if (encoded.external) files.unshift({ path: externalPath, content: encoded.external })
  const sources = [...filesOf(model), ...protect]
  for (const file of files) checkTarget(file.path, sources, force)
  checkExternalData(model)
  writeTogether(files)
  return {
    path,
    bytes: encoded.size,
    ...(encoded.external ? { externalPath, externalBytes: encoded.external.size } : {}),
  }
}

interface Target {
  readonly path: string
  readonly content: Content
}

function checkTarget(path: string, sources: readonly string[], force: boolean): void {
  const folder = statOf(dirname(path))
  if (!folder?.isDirectory())
    throw new KerfError(
      'not-found',
      `${path} cannot be written: the folder ${dirname(path)} does not exist. Make it first.`,
      { path },
    )
  const there = statOf(path)
  if (there?.isDirectory()) throw new KerfError('not-a-file', `${path} is a folder. Give the path of a file.`, { path })
  if (there && !there.isFile())
    throw new KerfError(
      'not-a-file',
      `${path} is a device or a pipe. A model is written to a file only; give the path of one.`,
      { path },
    )
  const clash = sources.find((source) => sameFile(source, path))
  if (clash !== undefined)
    throw new KerfError(
      'same-file',
      `${path} cannot be written: it is the same file as ${clash}, which the model is read from. Write to another path.`,
      {
        path,
        source: clash,
      },
    )
  if (there && !force)
    throw new KerfError('exists', `${path} exists already. Choose another path, or overwrite it with --force.`, {
      path,
    })
}

function statOf(path: string) {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    throw fileError(error, path, 'written')
  }
}

function sameFile(a: string, b: string): boolean {
  const [x, y] = [statOf(a), statOf(b)]
  if (x && y) return x.dev === y.dev && x.ino === y.ino
  return realPath(a) === realPath(b)
}

/** The real path of a file that need not exist, in a folder that may not either. */
function realPath(path: string): string {
  const folder = dirname(resolve(path))
  return join(statOf(folder) ? realpathSync(folder) : folder, basename(path))
}

/** All files, or none: nothing is renamed before everything is written, and what was there is put back when a rename fails. */
function writeTogether(files: readonly Target[]): void {
  const written: { path: string; from: string }[] = []
  const leftovers: string[] = []
  const moved: string[] = []
  const undo: (() => void)[] = []
  let current = ''
  try {
    for (const { path, content } of files) {
      current = path
      const from = temporaryBeside(path)
      leftovers.push(from)
      written.push({ path, from })
      writeContent(from, content)
    }
    // A single rename cannot fail halfway. Of two, the first must be undone when the second fails, and a model that was there goes before its data do: killed in
    // between, a process leaves none rather than one with the weights of another.
    if (written.length > 1)
      for (const { path } of written.toReversed()) {
        if (!statOf(path)) continue
        current = path
        const before = temporaryBeside(path, 'before')
        renameSync(path, before)
        undo.push(() => renameSync(before, path))
        moved.push(before)
      }
    for (const { path, from } of written) {
      current = path
      renameSync(from, path)
      undo.push(() => rmSync(path, { force: true }))
    }
    leftovers.push(...moved)
  } catch (error) {
    for (const step of undo.reverse()) step()
    throw fileError(error, current, 'written')
  } finally {
    for (const path of leftovers) rmSync(path, { force: true })
  }
  // What a killed process had moved aside is no longer the only one.
  removeLeftovers(dirname(files[0]!.path))
}

/** Writes that the operating system is asked for are at least this long, up to the end. */
const blockSize = 2 ** 20

function writeContent(path: string, content: Content): void {
  const file = openSync(path, 'wx')
  try {
    const block = new Uint8Array(blockSize)
    let filled = 0
    const flush = () => {
      writeAll(file, block.subarray(0, filled))
      filled = 0
    }
    for (const chunk of content.chunks()) {
      if (filled + chunk.length > blockSize) flush()
      if (chunk.length > blockSize) writeAll(file, chunk)
      else {
        block.set(chunk, filled)
        filled += chunk.length
      }
    }
    flush()
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, Math.min(bytes.length - at, 2 ** 30))
}
