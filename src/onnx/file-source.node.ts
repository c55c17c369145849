import { closeSync, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs'
import { basename, join, sep } from 'node:path'
import { askMemory, asOutOfMemory, fileChanged, KerfError } from '../base/index.node.ts'
import { pathEscape } from './external.ts'
import type { ByteSource } from './source.ts'

/** What tells one file, in one state, from another. */
export interface FileIdentity {
  readonly device: bigint
  readonly inode: bigint
  readonly size: bigint
  readonly modified: bigint
}

const identityOf = (s: { dev: bigint; ino: bigint; size: bigint; mtimeNs: bigint }): FileIdentity => ({
  device: s.dev,
  inode: s.ino,
  size: s.size,
  modified: s.mtimeNs,
})

/**
 * What to throw for an error met while using a file: a KerfError (`not-found`, `not-a-file`, `no-access`, `disk-full`, `io-error`) for
 * what the operating system refused, any other error as it is.
 */
export function fileError(error: unknown, path: string, doing: 'read' | 'written'): unknown {
  const { code, message, syscall } = error as NodeJS.ErrnoException
  if (syscall === undefined) return error
  const details = { path, cause: code }
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new KerfError('not-found', `${path} does not exist. Check the path.`, details)
    case 'EISDIR':
      return new KerfError('not-a-file', `${path} is a folder. Give the path of a file.`, details)
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new KerfError('no-access', `${path} cannot be ${doing}: permission denied. Check who may use it.`, details)
    case 'ENOSPC':
    case 'EDQUOT':
      return new KerfError(
        'disk-full',
        `${path} cannot be written: the disk is full. Free some space or choose another folder.`,
        details,
      )
    case 'ENAMETOOLONG':
      return new KerfError('not-found', `${path} is too long a name. Choose a shorter one.`, details)
    case 'ELOOP':
      return new KerfError('not-found', `${path} is a link that leads in a circle. Check the path.`, details)
    default:
      return new KerfError('io-error', `${path} cannot be ${doing}: ${message}.`, details)
  }
}

/**
 * A file as a source of bytes, opened for each read, so that no open file is left behind by a model that is forgotten. The file must stay
 * as it was when it was first looked at: a change is an error and never mixes two versions.
 */
export class FileSource implements ByteSource {
  readonly path: string
  readonly name: string
  readonly #guard: (() => void) | undefined
  #identity: FileIdentity | undefined
  #open: number | undefined

  /** @param guard runs before the file is first looked at; may throw */
  constructor(path: string, guard?: () => void) {
    this.path = path
    this.name = basename(path)
    this.#guard = guard
  }

  get size(): number {
    return Number(this.identity.size)
  }

  /** @throws KerfError `not-found`, `not-a-file`, `no-access` */
  get identity(): FileIdentity {
    if (!this.#identity) {
      this.#guard?.()
      try {
        const stat = statSync(this.path, { bigint: true })
        if (!stat.isFile())
          throw new KerfError(
            'not-a-file',
            `${this.path} is ${stat.isDirectory() ? 'a folder' : 'not a regular file'}. Give the path of a file.`,
            {
              path: this.path,
            },
          )
        this.#identity = identityOf(stat)
      } catch (error) {
        throw fileError(error, this.path, 'read')
      }
    }
    return this.#identity
  }

  /** Keeps the file open during many reads. */
  whileOpen<T>(work: () => T): T {
    const file = this.#openFile()
    this.#open = file
    try {
      return work()
    } finally {
      this.#open = undefined
      closeSync(file)
    }
  }

  read(offset: number, length: number, into?: ArrayBuffer): Uint8Array {
    if (this.#open === undefined) this.#openForNow()
    const file = this.#open!
    const bytes = into && into.byteLength >= length ? new Uint8Array(into, 0, length) : this.#allocate(length)
    try {
      for (let at = 0; at < length; ) {
        const count = readSync(file, bytes, at, Math.min(length - at, 2 ** 30), offset + at)
        if (count === 0) throw fileChanged(this.path)
        at += count
      }
      // Also while it was read: half of the bytes may be of another version.
      this.#check(file)
    } catch (error) {
      throw fileError(error, this.path, 'read')
    }
    return bytes
  }

  /** For all reads that follow each other without a pause: opening takes longer than reading a small weight. */
  #openForNow(): void {
    const file = this.#openFile()
    this.#open = file
    queueMicrotask(() => {
      if (this.#open === file) this.#open = undefined
      closeSync(file)
    })
  }

  #openFile(): number {
    // Looked at before it is opened.
    this.identity
    let file: number | undefined
    try {
      file = openSync(this.path, 'r')
      this.#check(file)
      return file
    } catch (error) {
      if (file !== undefined) closeSync(file)
      throw fileError(error, this.path, 'read')
    }
  }

  /** @throws KerfError `file-changed` where an open file is not what it was when it was first looked at */
  #check(file: number): void {
    const before = this.identity
    const now = identityOf(fstatSync(file, { bigint: true }))
    if (
      now.device !== before.device ||
      now.inode !== before.inode ||
      now.size !== before.size ||
      now.modified !== before.modified
    )
      throw fileChanged(this.path)
  }

  #allocate(length: number): Uint8Array {
    const what = `Reading from ${this.path}`
    askMemory(length, what)
    try {
      return new Uint8Array(length)
    } catch (error) {
      throw asOutOfMemory(error, what)
    }
  }
}

/** A file of external data, which must lie in the model's folder even after symbolic links are followed. */
export function externalSource(folder: string, location: string): FileSource {
  const path = join(folder, location)
  return new FileSource(path, () => {
    let real: string
    let root: string
    try {
      root = realpathSync(folder)
      real = realpathSync(path)
    } catch (error) {
      throw fileError(error, path, 'read')
    }
    if (!real.startsWith(root.endsWith(sep) ? root : root + sep))
      throw pathEscape(location, `External data "${location}"`)
  })
}
