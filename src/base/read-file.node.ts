import { closeSync, fstatSync, openSync, readFileSync, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { KerfError } from './error.ts'
import { askMemory } from './memory.ts'

/**
 * A whole file, whose memory is asked for before it is read. Devices are refused, which may have no end; pipes are read as they are.
 * @throws KerfError `not-a-file`, `out-of-memory`, `file-changed` where somebody writes it meanwhile; what the operating system refuses, with its path
 */
export function readWholeFile(path: string): Uint8Array {
  const file = openSync(path, 'r')
  try {
    const before = fstatSync(file)
    checkReadable(path, before)
    const bytes = readFileSync(file)
    checkUnchanged(path, before, fstatSync(file))
    return bytes
  } finally {
    closeSync(file)
  }
}

/** The same without waiting for the disk. */
export async function readWholeFileLater(path: string): Promise<Uint8Array> {
  let file: FileHandle | undefined
  try {
    file = await open(path)
    const before = await file.stat()
    checkReadable(path, before)
    const bytes = await file.readFile()
    checkUnchanged(path, before, await file.stat())
    return bytes
  } finally {
    await file?.close()
  }
}

export const fileChanged = (path: string): KerfError =>
  new KerfError('file-changed', `${path} was changed while Kerf was using it. Run the command again.`, { path })

function checkUnchanged(path: string, before: Stats, after: Stats): void {
  if (before.isFile() && (before.size !== after.size || before.mtimeMs !== after.mtimeMs)) throw fileChanged(path)
}

function checkReadable(path: string, stat: Stats): void {
  if (stat.isDirectory()) throw new KerfError('not-a-file', `${path} is a folder. Give the path of a file.`, { path })
  if (stat.isCharacterDevice() || stat.isBlockDevice())
    throw new KerfError('not-a-file', `${path} is a device. Give the path of a file.`, { path })
  askMemory(stat.size, path, 'Use a smaller file')
}
