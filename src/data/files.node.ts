import { constants } from 'node:buffer'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { askMemory, KerfError, memoryLimit, pathProblems, readWholeFileLater } from '../base/index.node.ts'
import type { NamedBytes } from './sets/idx.ts'

const known: Readonly<Record<string, readonly [code: string, text: string]>> = {
  ...pathProblems,
  EACCES: ['no-access', 'may not be used: permission denied. Check who owns it.'],
  EPERM: ['no-access', 'may not be used: permission denied. Check who owns it.'],
  EROFS: ['no-access', 'cannot be written: the disk is read-only. Choose another folder.'],
  ENOSPC: ['disk-full', 'cannot be written: the disk is full. Make room, then call again.'],
  EDQUOT: ['disk-full', 'cannot be written: the quota is used up. Make room, then call again.'],
}

/** What the operating system refused, as a KerfError (`not-found`, `not-a-file`, `no-access`, `disk-full`, `io-error`); other errors as they are. */
export function fileProblem(error: unknown, path: string): unknown {
  const { code, syscall, message } = error as NodeJS.ErrnoException
  if (error instanceof KerfError || syscall === undefined || code === undefined) return error
  const [kind, text] = known[code] ?? ['io-error', `cannot be used: ${message}.`]
  return new KerfError(kind, `${path} ${text}`, { path, cause: code })
}

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b

/**
 * A whole file, unpacked if it is gzipped (by its content, whatever its name).
 * @throws KerfError as `fileProblem`, and `bad-gzip`
 */
export async function readUnpacked(path: string): Promise<NamedBytes> {
  const bytes = await readWholeFileLater(path).catch((error: unknown) => {
    throw fileProblem(error, path)
  })
  return { name: path, bytes: isGzip(bytes) ? await unpacked(bytes, path) : bytes }
}

/** Real data are packed to a hundredth at best; zeros go to a thousandth. */
const mostRatio = 200
/** What is unpacked may be as large as this, however small it was. */
const alwaysUnpacked = 2 ** 24

/** The most that so many bytes of gzip may become: more was packed to fill the memory. */
export const mostUnpacked = (packed: number): number => Math.max(alwaysUnpacked, mostRatio * packed)

export const gzipBomb = (path: string): KerfError =>
  new KerfError('bad-gzip', `${path} unpacks to more than ${mostRatio} times its size, as no real data do.`, { path })

/** @throws KerfError `bad-gzip`, `out-of-memory` */
export async function unpacked(bytes: Uint8Array, path: string): Promise<Uint8Array> {
  const most = mostUnpacked(bytes.length)
  return promisify(gunzip)(bytes, { maxOutputLength: Math.min(most, memoryLimit(), constants.MAX_LENGTH) }).catch(
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw badGzip(error, path)
      if (most <= memoryLimit()) throw gzipBomb(path)
      // It takes at least one byte more than there may be.
      throw askMemory(memoryLimit() + 1, `${path}, unpacked,`)
    },
  )
}

export function badGzip(error: unknown, path: string): KerfError {
  const cut = (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR'
  return new KerfError(
    'bad-gzip',
    `${path}: ${cut ? 'the file is cut off' : `it cannot be unpacked (${(error as Error).message})`}. Fetch it again.`,
    { path },
  )
}
