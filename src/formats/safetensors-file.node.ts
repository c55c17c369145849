import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { KerfError, pathProblems } from '../base/index.ts'
import type { SafetensorsTensor } from './safetensors.ts'
import { headerLength, parseSafetensorsHeader, type SafetensorsHeader } from './safetensors-header.ts'

/** A file of which only the header has been read. */
export interface SafetensorsFile extends SafetensorsHeader {
  /** As it was given. */
  readonly path: string
  /**
   * Reads one tensor. @throws KerfError `not-found` for a name that is not in the file
   * @param name one of `entries`
   */
  read(name: string): SafetensorsTensor
  /** Lets go of the file. Nothing can be read any more. */
  close(): void
}

/**
 * Opens a file and checks its header; tensors are read when asked for.
 * @param path of a .safetensors file
 * @throws KerfError `not-found`, `not-a-file`, `no-access`, `bad-safetensors` (with the path)
 */
export function openSafetensorsFile(path: string): SafetensorsFile {
  const file = open(path)
  try {
    const size = fstatSync(file).size
    const length = headerLength(readAt(file, 0, Math.min(8, size)), size)
    const header = parseSafetensorsHeader(readAt(file, 8, length), size)
    return {
      path,
      ...header,
      read: (name) => {
        const entry = header.entries.get(name)
        if (!entry)
          throw new KerfError(
            'not-found',
            `${path} has no tensor "${name}"; it has ${listed(header)}. Ask for one of these.`,
            { path, name },
          )
        const { type, shape, start, end } = entry
        return { type, shape, bytes: readAt(file, start, end - start) }
      },
      close: () => closeSync(file),
    }
  } catch (error) {
    closeSync(file)
    if (error instanceof KerfError)
      throw new KerfError(error.code, `${path}: ${error.message}`, { path, ...error.details })
    throw unreadable(error, path)
  }
}

function listed({ entries }: SafetensorsHeader): string {
  const names = [...entries.keys()]
  return names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ') || 'none'
}

function open(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    throw unreadable(error, path)
  }
}

const problems: Readonly<Record<string, readonly [code: string, text: string]>> = {
  ...pathProblems,
  EACCES: ['no-access', 'cannot be read: permission denied. Check who may use it.'],
  EPERM: ['no-access', 'cannot be read: permission denied. Check who may use it.'],
}

function unreadable(error: unknown, path: string): KerfError {
  const { code = '', message } = error as NodeJS.ErrnoException
  const [kind, problem] = problems[code] ?? ['no-access', `cannot be read: ${message}.`]
  return new KerfError(kind, `${path} ${problem}`, { path, code })
}

function readAt(file: number, start: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let done = 0; done < length; ) {
    const count = readSync(file, bytes, done, Math.min(length - done, 2 ** 30), start + done)
    if (count === 0)
      throw new KerfError(
        'bad-safetensors',
        `The file ended ${length - done} bytes early: it is being changed. Wait until it is complete.`,
        {
          start,
          length,
        },
      )
    done += count
  }
  return bytes
}
