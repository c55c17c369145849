import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { KerfError } from '../../base/index.ts'
import { fileProblem, isGzip, unpacked } from '../files.node.ts'
import { findMnistFile } from '../open.node.ts'
import { checkLabels } from '../sets/arrays.ts'
import { readIdx } from '../sets/idx.ts'
import {
  downloadRight,
  type FetchedFile,
  type FetchOptions,
  inFolder,
  md5Of,
  moveAll,
  partPath,
  refuseExisting,
  type Verified,
  writePart,
} from './fetch.node.ts'
import { type OfficialFile, type OfficialMnist, officialFashionMnist, officialMnist } from './official.ts'

/**
 * Puts the four files of MNIST into a folder, downloaded (gzipped) or from a local copy (as they are there). Files that are there already
 * and right are left. Nothing gets its name before all four are right.
 * @throws KerfError `exists`, `not-found`, `wrong-checksum`, `download-failed`, `disk-full`, `bad-idx`, `bad-gzip` …
 */
export const fetchMnist = (options: FetchOptions): Promise<FetchedFile[]> => fetchMnistFrom(options, officialMnist)

/**
 * `fetchMnist` for Fashion-MNIST, which has the same format: 28 × 28 pixels, ten kinds of clothes. Taken from where the Debian package
 * `dataset-fashion-mnist` puts it, where that is installed, else downloaded.
 * @throws KerfError as `fetchMnist`
 */
export const fetchFashionMnist = (options: FetchOptions): Promise<FetchedFile[]> =>
  fetchMnistFrom(options, officialFashionMnist)

/** `fetchMnist` with other files than the published ones. */
export function fetchMnistFrom(options: FetchOptions, official: OfficialMnist): Promise<FetchedFile[]> {
  const { installed } = official
  const isInstalled = installed !== undefined && existsSync(installed)
  const { from = isInstalled && !options.mirrors ? installed : undefined } = options
  return inFolder(options.folder, () => fetchInto({ ...options, from }, official))
}

async function fetchInto(options: FetchOptions, official: OfficialMnist): Promise<FetchedFile[]> {
  const { folder, from, force, mirrors = official.mirrors } = options
  const fetched: FetchedFile[] = []
  const moves: { from: string; to: string }[] = []
  const missing: OfficialFile[] = []
  for (const file of official.files) {
    const there = findMnistFile(folder, file.name)
    const verified = there && (await checksum(there, file))
    if (there && verified) fetched.push(await described(there, 'there', verified))
    else missing.push(file)
  }
  try {
    for (const file of missing) {
      const copy = from === undefined ? undefined : await localCopy(from, file, official.name)
      const to = join(folder, copy && !copy.gzipped ? file.name : `${file.name}.gz`)
      // The copy itself, or what a killed call has put there already.
      if (copy && existsSync(to) && copy.bytes.equals(await bytesOf(to))) {
        fetched.push(await described(to, 'there', copy.verified))
        continue
      }
      refuseExisting(to, force)
      const part = partPath(folder, `${file.name}.gz`)
      let verified: Verified
      if (copy) {
        await writePart(part, copy.bytes, options)
        verified = copy.verified
      } else {
        const urls = mirrors.map((mirror) => `${mirror.replace(/\/$/, '')}/${file.name}.gz`)
        ;({ verified } = await downloadRight(
          urls,
          folder,
          `${file.name}.gz`,
          file.md5,
          (p) => checksum(p, file),
          options,
        ))
      }
      moves.push({ from: part, to })
      fetched.push({ ...(await described(part, copy ? 'copied' : 'fetched', verified)), path: to })
    }
  } catch (error) {
    // Copies are made again; downloads are kept, so that the next call goes on.
    if (from !== undefined) for (const move of moves) await rm(move.from, { force: true })
    throw error
  }
  await moveAll(moves)
  return fetched
}

async function described(path: string, state: FetchedFile['state'], verified: Verified): Promise<FetchedFile> {
  return { path, bytes: (await bytesOf(path)).length, state, verified }
}

async function bytesOf(path: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => {
    throw fileProblem(error, path)
  })
}

/** By which published checksum a file is right; undefined where it is not. */
async function checksum(path: string, { md5, contentMd5 }: OfficialFile): Promise<Verified | undefined> {
  const bytes = await bytesOf(path)
  if (md5Of(bytes) === md5) return 'file'
  const content = isGzip(bytes) ? await unpacked(bytes, path).catch(() => undefined) : bytes
  return content && md5Of(content) === contentMd5 ? 'content' : undefined
}

/** A file of a local copy, whose sizes and labels at least are those of the data set called `set`. */
async function localCopy(from: string, file: OfficialFile, set: string) {
  const path = findMnistFile(from, file.name)
  if (path === undefined)
    throw new KerfError(
      'not-found',
      `${from} has no ${file.name}, nor ${file.name}.gz. Give the folder with the four IDX files.`,
      {
        path: from,
        name: file.name,
      },
    )
  const bytes = await bytesOf(path)
  const gzipped = isGzip(bytes)
  const verified = await checksum(path, file)
  if (!verified) {
    const idx = readIdx(gzipped ? await unpacked(bytes, path) : bytes, path)
    if (String(idx.sizes) !== String(file.sizes))
      throw new KerfError(
        'bad-idx',
        `${path}: its sizes are ${idx.sizes.join(' × ')}; those of ${set} are ${file.sizes.join(' × ')}.`,
        { path, sizes: idx.sizes, expected: file.sizes },
      )
    if (file.sizes.length === 1) checkLabels(idx.bytes, 10, path)
  }
  return { path, bytes, gzipped, verified: verified ?? ('structure' as const) }
}
