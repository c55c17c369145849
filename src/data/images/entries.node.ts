import { createReadStream, type Stats } from 'node:fs'
import { open, readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { askMemory, KerfError, readWholeFileLater } from '../../base/index.node.ts'
import { badGzip, fileProblem, gzipBomb, isGzip, mostUnpacked } from '../files.node.ts'
import { isImageName, partsOf } from './layout.ts'

/** What a folder or a tar holds, one after the other. */
export type Entry =
  | { readonly kind: 'folder' | 'other'; readonly parts: string[] }
  /** What is passed over, and why. */
  | { readonly kind: 'left'; readonly parts: string[]; readonly reason: string }
  | { readonly kind: 'image'; readonly parts: string[]; readonly bytes: Uint8Array; readonly fraction: number }

/** Links to folders may lead in a circle. */
const deepest = 16

/**
 * What lies in a folder, sorted by name. What is no file, and links that lead out of the folder, are passed over.
 * @param contents false: images come without their bytes
 * @throws KerfError `not-found`, `not-a-folder`, `no-access`
 */
export async function* folderEntries(root: string, contents = true): AsyncGenerator<Entry> {
  const { folders, files, left } = await walk(root)
  yield* left
  for (const parts of folders) yield { kind: 'folder', parts }
  const names = files.map((parts) => parts.join('/')).sort()
  for (const [i, name] of names.entries()) {
    const parts = name.split('/')
    if (!isImageName(name)) yield { kind: 'other', parts }
    else if (!contents) yield { kind: 'image', parts, bytes: new Uint8Array(0), fraction: (i + 1) / names.length }
    else {
      const path = join(root, ...parts)
      const bytes = await readWholeFileLater(path).catch((error: unknown) => {
        throw fileProblem(error, path)
      })
      yield { kind: 'image', parts, bytes, fraction: (i + 1) / names.length }
    }
  }
}

interface Walked {
  readonly folders: string[][]
  readonly files: string[][]
  readonly left: Extract<Entry, { kind: 'left' }>[]
}

async function walk(root: string): Promise<Walked> {
  const { folders, files, left }: Walked = { folders: [], files: [], left: [] }
  const home = await realpath(root).catch((error: unknown) => {
    throw fileProblem(error, root)
  })
  const visit = async (parts: string[]): Promise<void> => {
    const path = join(root, ...parts)
    if (parts.length > deepest)
      throw new KerfError('bad-layout', `${path} lies more than ${deepest} folders deep. Is it a link in a circle?`, {
        path,
      })
    const found = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOTDIR')
        throw new KerfError(
          'not-a-folder',
          `${path} is a file. Expected a folder of images; the kind of data for an archive is "tar".`,
          { path },
        )
      throw fileProblem(error, path)
    })
    for (const entry of found) {
      if (!partsOf(entry.name)) continue
      const inside = [...parts, entry.name]
      const what = entry.isSymbolicLink() ? await leadsTo(join(path, entry.name), home) : kindOf(entry)
      if (what === 'folder') {
        folders.push(inside)
        await visit(inside)
      } else if (what === 'file') files.push(inside)
      else left.push({ kind: 'left', parts: inside, reason: what.reason })
    }
  }
  await visit([])
  return { folders, files, left }
}

type Kind = 'folder' | 'file' | { readonly reason: string }

const kindOf = (found: Pick<Stats, 'isDirectory' | 'isFile'>): Kind =>
  found.isDirectory()
    ? 'folder'
    : found.isFile()
      ? 'file'
      : { reason: 'it is no file but a device, a pipe or a socket' }

/** What stands at the end of a link. @param home the folder, as it is really called */
async function leadsTo(path: string, home: string): Promise<Kind> {
  try {
    const real = await realpath(path)
    if (real !== home && !real.startsWith(home.endsWith(sep) ? home : home + sep))
      return { reason: 'it is a link that leads out of the folder' }
    return kindOf(await stat(real))
  } catch (error) {
    throw fileProblem(error, path)
  }
}

/**
 * What lies in a tar, gzipped or not, in its order. Links and devices in it are passed over.
 * @throws KerfError `not-found`, `not-a-file`, `no-access`, `bad-gzip`, `bad-tar`, `out-of-memory`
 */
export async function* tarEntries(path: string): AsyncGenerator<Entry> {
  const { size, start } = await beginning(path)
  const gzipped = isGzip(start)
  const other = gzipped ? undefined : otherFormat(start)
  if (other !== undefined)
    throw new KerfError('bad-tar', `${path} is ${other}, not a tar. Give a tar, gzipped or not.`, { path })
  const file = createReadStream(path)
  const contents = extract()
  // The first error wins: what breaks later breaks because of it.
  file.on('error', (error) => contents.destroy(fileProblem(error, path) as Error))
  if (gzipped) {
    const unpacking = createGunzip()
    unpacking.on('error', (error) => contents.destroy(badGzip(error, path)))
    let bytes = 0
    unpacking.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length
      if (bytes > mostUnpacked(size)) contents.destroy(gzipBomb(path))
    })
    file.pipe(unpacking).pipe(contents)
  } else file.pipe(contents)
  try {
    for await (const entry of contents) {
      const parts = partsOf(entry.header.name)
      const { type } = entry.header
      if (parts && type === 'directory') yield { kind: 'folder', parts }
      else if (parts && (type === 'file' || type === 'contiguous-file')) {
        if (!isImageName(entry.header.name)) yield { kind: 'other', parts }
        else {
          askMemory(entry.header.size ?? 0, `${path}: ${entry.header.name}`, 'Leave it out')
          const chunks: Uint8Array[] = []
          for await (const chunk of entry) chunks.push(chunk as Uint8Array)
          yield { kind: 'image', parts, bytes: Buffer.concat(chunks), fraction: file.bytesRead / size }
          continue
        }
      }
      entry.resume()
    }
  } catch (error) {
    if (error instanceof KerfError) throw error
    const cut = /unexpected end/i.test((error as Error).message)
    throw new KerfError(
      'bad-tar',
      cut
        ? `${path}: the tar is cut off. Fetch it again.`
        : `${path} is no tar, or damaged: ${(error as Error).message}.`,
      { path },
    )
  } finally {
    file.destroy()
    contents.destroy()
  }
}

async function beginning(path: string): Promise<{ size: number; start: Uint8Array }> {
  try {
    const file = await open(path)
    try {
      const { size } = await file.stat()
      const { buffer, bytesRead } = await file.read(new Uint8Array(8), 0, 8, 0)
      return { size, start: buffer.subarray(0, bytesRead) }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw fileProblem(error, path)
  }
}

const formats: readonly [bytes: readonly number[], name: string][] = [
  [[0x50, 0x4b, 0x03, 0x04], 'a zip archive'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'compressed with xz'],
  [[0x42, 0x5a, 0x68], 'compressed with bzip2'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'compressed with zstd'],
  [[0xff, 0xd8, 0xff], 'a JPEG image'],
  [[0x89, 0x50, 0x4e, 0x47], 'a PNG image'],
]

function otherFormat(start: Uint8Array): string | undefined {
  if (start.length === 0) return 'empty'
  return formats.find(([bytes]) => bytes.every((byte, i) => start[i] === byte))?.[1]
}
