import { readFileSync, type Stats, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { KerfError } from './error.ts'
import { askMemory } from './memory.ts'

/**
 * A whole file, whose memory is asked for before it is read. Devices are refused, which may have no end; pipes are read as they are.
 * @throws KerfError `not-a-file`, `out-of-memory`; what the operating system refuses, with its path
 */
export function readWholeFile(path: string): Uint8Array {
  checkReadable(path, statSync(path))
  return readFileSync(path)
}

/** The same without waiting for the disk. */
export async function readWholeFileLater(path: string): Promise<Uint8Array> {
  let file: FileHandle | undefined
  try {
    file = await open(path)
    checkReadable(path, await file.stat())
    return await file.readFile()
  } finally {
    await file?.close()
  }
}

function checkReadable(path: string, stat: Stats): void {
  if (stat.isCharacterDevice() || stat.isBlockDevice())
    throw new KerfError('not-a-file', `${path} is a device. Give the path of a file.`, { path })
  askMemory(stat.size, path, 'Use a smaller file')
}
