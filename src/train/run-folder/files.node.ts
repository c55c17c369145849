import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { KerfError, temporaryBeside } from '../../base/index.node.ts'

/** What may fail when a disk is full; tests put a small disk in its place. */
export interface FileOperations {
  /** Returns how many bytes were written, as `fs.writeSync`. */
  write(file: number, bytes: Uint8Array, offset: number, length: number): number
  sync(file: number): void
  rename(from: string, to: string): void
}

export const nodeFiles: FileOperations = { write: writeSync, sync: fsyncSync, rename: renameSync }

const remedies: Readonly<Record<string, readonly [code: string, text: string]>> = {
  ENOSPC: ['disk-full', 'the disk is full. Make room, then go on with --resume'],
  EDQUOT: ['disk-full', 'the quota is used up. Make room, then go on with --resume'],
  ENOENT: ['not-found', 'it does not exist. Check the path'],
  ENOTDIR: ['not-a-folder', 'a part of the path is a file. Check the path'],
  EISDIR: ['not-a-file', 'it is a folder. Move it away'],
  EACCES: ['no-access', 'permission denied. Check who may use it'],
  EPERM: ['no-access', 'permission denied. Check who may use it'],
  EROFS: ['no-access', 'the disk is read-only. Choose another folder'],
}

/** A file system's error with the path and what to do; other errors unchanged. */
export function fileProblem(error: unknown, path: string, what: string): unknown {
  const code = (error as NodeJS.ErrnoException)?.code
  if (error instanceof KerfError || typeof code !== 'string') return error
  const [kind, text] = remedies[code] ?? ['file-error', (error as Error).message]
  return new KerfError(kind, `${path} cannot be ${what}: ${text}.`, { path, code })
}

/**
 * Writes a file whole or not at all: beside it, to the disk, renamed.
 * @throws KerfError `disk-full`, `no-access` …; what was there before stays
 */
export function writeWhole(path: string, chunks: Iterable<Uint8Array>, files: FileOperations = nodeFiles): void {
  let temporary: string | undefined
  try {
    temporary = temporaryBeside(path)
    const file = openSync(temporary, 'wx')
    try {
      for (const chunk of chunks) writeAll(file, chunk, files)
      files.sync(file)
    } finally {
      closeSync(file)
    }
    files.rename(temporary, path)
    syncFolder(dirname(path), files)
  } catch (error) {
    if (temporary) rmSync(temporary, { force: true })
    throw fileProblem(error, path, 'written')
  }
}

function writeAll(file: number, bytes: Uint8Array, files: FileOperations): void {
  for (let at = 0; at < bytes.length; ) at += files.write(file, bytes, at, Math.min(bytes.length - at, 2 ** 30))
}

/** A rename is on the disk when its folder is. Windows has no such call. */
function syncFolder(path: string, files: FileOperations): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    files.sync(folder)
  } finally {
    closeSync(folder)
  }
}

/** A file that grows by records; a record is written whole or, after an error, not at all. */
export interface AppendedFile {
  append(bytes: Uint8Array): void
  /** Returns when everything is on the disk. */
  sync(): void
  /** Once more does nothing. */
  close(): void
}

/** @throws KerfError `disk-full`, `no-access` …, when opening and when appending */
export function openAppended(path: string, files: FileOperations = nodeFiles): AppendedFile {
  const guarded = <T>(act: () => T): T => {
    try {
      return act()
    } catch (error) {
      throw fileProblem(error, path, 'written')
    }
  }
  const file = guarded(() => openSync(path, 'a'))
  let isOpen = true
  return {
    append: (bytes) =>
      guarded(() => {
        const { size } = fstatSync(file)
        try {
          writeAll(file, bytes, files)
        } catch (error) {
          ftruncateSync(file, size)
          throw error
        }
      }),
    sync: () => guarded(() => files.sync(file)),
    close: () => {
      if (isOpen) closeSync(file)
      isOpen = false
    },
  }
}
