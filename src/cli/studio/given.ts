import { constants, realpathSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { Readable } from 'node:stream'

/*
 * What the page may read besides itself: the files of the one model that the command was given. Requests name them by number, never by path.
 */

/** A file, as it is at the moment. */
export interface OpenedFile {
  readonly size: number
  /** Another one, where the file has changed. */
  readonly tag: string
  /** The bytes from `start` up to, and without, `end`; closes the file. */
  read(start: number, end: number): ReadableStream<Uint8Array>
  close(): Promise<void>
}

/** A file of the model. */
export interface GivenFile {
  /** The model's own name, or the path of external data in its folder, with `/`. */
  readonly name: string
  /** Undefined where it is not there any more. */
  open(): Promise<OpenedFile | undefined>
}

/**
 * Files of a model on the disk. Links are followed now, and not once the page is open.
 * @param model its path
 * @param others of its external data; what is not there, or leads out of the model's folder, is left out, and the page says what it lacks
 */
export function givenFiles(model: string, others: readonly string[]): GivenFile[] {
  const folder = dirname(resolve(model))
  const inside = join(realpathSync(folder), sep)
  const beside = others.flatMap((path) => {
    const real = realPath(path)
    return real?.startsWith(inside) ? [onDisk(relative(folder, resolve(path)).split(sep).join('/'), real)] : []
  })
  return [onDisk(basename(model), realpathSync(model)), ...beside]
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

const onDisk = (name: string, path: string): GivenFile => ({
  name,
  async open() {
    // Without waiting: a pipe that lies there now would never open.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
    const file = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ELOOP') return undefined
      throw error
    })
    if (!file) return undefined
    const { size, mtimeMs, ino } = await file.stat()
    return {
      size,
      tag: `"${size}-${mtimeMs}-${ino}"`,
      read: (start, end) =>
        start === end
          ? closing(file)
          : (Readable.toWeb(file.createReadStream({ start, end: end - 1 })) as ReadableStream<Uint8Array>),
      close: () => file.close(),
    }
  },
})

const closing = (file: { close(): Promise<void> }): ReadableStream<Uint8Array> =>
  new ReadableStream({
    async start(controller) {
      await file.close()
      controller.close()
    },
  })

/** A network that Kerf built: it lies in no file. */
export const givenBytes = (name: string, bytes: Uint8Array): GivenFile => ({
  name,
  open: async () => ({
    size: bytes.length,
    tag: '"built"',
    read: (start, end) => new Blob([new Uint8Array(bytes.subarray(start, end))]).stream(),
    close: async () => {},
  }),
})
