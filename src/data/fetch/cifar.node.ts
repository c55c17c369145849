import { createReadStream, existsSync, statSync } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { checkAborted, KerfError } from '../../base/index.ts'
import { badGzip, fileProblem } from '../files.node.ts'
import { cifarBatches, cifarFolder } from '../open.node.ts'
import { cifarClasses, imagesFromCifar } from '../sets/cifar.ts'
import { fetching } from './download.node.ts'
import {
  downloadRight,
  type FetchedFile,
  type FetchOptions,
  inFolder,
  md5OfFile,
  moveAll,
  partPath,
  refuseExisting,
  type Verified,
  writePart,
} from './fetch.node.ts'
import { type OfficialCifar, officialCifar } from './official.ts'

const batchNames: readonly string[] = [...cifarBatches.train, ...cifarBatches.test]

/**
 * Puts the six binary batches of CIFAR-10 into a folder: from the official archive, downloaded, or from a local copy of the archive or of
 * the batches. Batches that are there already are left if they are right. Nothing gets its name before all six are right.
 * @throws KerfError `exists`, `not-found`, `wrong-checksum`, `download-failed`, `disk-full`, `bad-cifar`, `bad-gzip`, `bad-tar` …
 */
export const fetchCifar10 = (options: FetchOptions): Promise<FetchedFile[]> => fetchCifar10From(options, officialCifar)

/** `fetchCifar10` with other files than the published ones, for tests. */
export const fetchCifar10From = (options: FetchOptions, official: OfficialCifar): Promise<FetchedFile[]> =>
  inFolder(options.folder, () => fetchInto(options, official))

async function fetchInto(options: FetchOptions, official: OfficialCifar): Promise<FetchedFile[]> {
  const { folder, from, force, mirrors = official.mirrors } = options
  const targets = batchNames.map((name) => join(folder, name))
  const unpacking = join(resolve(folder), '.unpacking')
  const part = partPath(folder, official.archive)
  // What a killed call has left.
  await rm(unpacking, { recursive: true, force: true })
  if (targets.every((path) => existsSync(path)) && (await areRight(targets, official))) {
    await rm(part, { force: true })
    return targets.map((path) => ({ path, bytes: batchBytes(official), state: 'there', verified: 'structure' }))
  }
  // Before a long download. A killed call may have put some batches to their places already: whether they are those is known in the end.
  for (const path of targets)
    if (statSync(path, { throwIfNoEntry: false })?.size !== batchBytes(official)) refuseExisting(path, force)
  await mkdir(unpacking)
  try {
    const source = from === undefined ? undefined : localSource(from, official)
    let verified: Verified = 'structure'
    let archive = source?.archive
    if (source?.batches)
      for (const path of source.batches)
        await writePart(join(unpacking, basename(path)), await readBatch(path), options)
    else {
      if (archive === undefined) {
        const urls = mirrors.map((mirror) => `${mirror.replace(/\/$/, '')}/${official.archive}`)
        const isRight = async (path: string) => ((await md5OfFile(path)) === official.md5 ? 'file' : undefined)
        const found = await downloadRight(urls, folder, official.archive, official.md5, isRight, options)
        archive = found.path
        verified = found.verified
      } else if ((await md5OfFile(archive)) === official.md5) verified = 'file'
      await unpackBatches(archive, unpacking, options)
    }
    const parts = batchNames.map((name) => join(unpacking, name))
    const missing = parts.find((path) => !existsSync(path))
    if (missing !== undefined)
      throw new KerfError(
        'bad-cifar',
        `${archive} has no ${basename(missing)}. It is not the binary version of CIFAR-10.`,
        {
          path: archive,
          name: basename(missing),
        },
      )
    await checkBatches(parts, official)
    for (const [i, path] of targets.entries())
      if (existsSync(path) && !(await readBatch(path)).equals(await readBatch(parts[i]!))) refuseExisting(path, force)
    await moveAll(parts.map((part, i) => ({ from: part, to: targets[i]! })))
    if (source === undefined) await rm(part, { force: true })
    const state = source ? 'copied' : 'fetched'
    return targets.map((path) => ({ path, bytes: batchBytes(official), state, verified }))
  } finally {
    await rm(unpacking, { recursive: true, force: true })
  }
}

const batchBytes = ({ imagesPerBatch }: OfficialCifar): number => imagesPerBatch * 3073

function localSource(from: string, { archive }: OfficialCifar): { archive?: string; batches?: string[] } {
  const batches = batchNames.map((name) => join(cifarFolder(from), name))
  if (batches.every((path) => existsSync(path))) return { batches }
  if (existsSync(join(from, archive))) return { archive: join(from, archive) }
  throw new KerfError(
    'not-found',
    `${from} has neither ${archive} nor the six batches (${batchNames[0]} … ${batchNames.at(-1)}). Give the folder with one of them.`,
    { path: from },
  )
}

async function readBatch(path: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => {
    throw fileProblem(error, path)
  })
}

async function unpackBatches(archive: string, folder: string, options: FetchOptions): Promise<void> {
  const file = createReadStream(archive)
  const unzipped = createGunzip()
  const contents = extract()
  file.on('error', (error) => contents.destroy(fileProblem(error, archive) as Error))
  unzipped.on('error', (error) => contents.destroy(badGzip(error, archive)))
  file.pipe(unzipped).pipe(contents)
  try {
    for await (const entry of contents) {
      checkAborted(options.signal, fetching)
      const name = basename(entry.header.name)
      if (entry.header.type !== 'file' || !batchNames.includes(name)) {
        entry.resume()
        continue
      }
      const chunks: Uint8Array[] = []
      for await (const chunk of entry) chunks.push(chunk as Uint8Array)
      await writePart(join(folder, name), Buffer.concat(chunks), options)
    }
  } catch (error) {
    if (error instanceof KerfError) throw error
    throw new KerfError('bad-tar', `${archive} is no tar, or damaged: ${(error as Error).message}.`, { path: archive })
  } finally {
    file.destroy()
    contents.destroy()
  }
}

async function areRight(paths: readonly string[], official: OfficialCifar): Promise<boolean> {
  return checkBatches(paths, official).then(
    () => true,
    () => false,
  )
}

/** The batches' lengths, and as many images of each class as of any other in training and in testing. */
async function checkBatches(paths: readonly string[], official: OfficialCifar): Promise<void> {
  const times = [new Array<number>(10).fill(0), new Array<number>(10).fill(0)]
  for (const [i, path] of paths.entries()) {
    const set = imagesFromCifar([{ name: path, bytes: await readBatch(path) }])
    if (set.count !== official.imagesPerBatch)
      throw new KerfError('bad-cifar', `${path} has ${set.count} images; expected ${official.imagesPerBatch}.`, {
        path,
      })
    const counts = times[i < cifarBatches.train.length ? 0 : 1]!
    for (const label of set.labels) counts[label] = counts[label]! + 1
  }
  for (const counts of times) {
    const wrong = counts.findIndex((n) => n !== counts[0])
    if (wrong >= 0)
      throw new KerfError(
        'bad-cifar',
        `The batches have ${counts[wrong]} images of ${cifarClasses[wrong]}, ${counts[0]} of ${cifarClasses[0]}; in CIFAR-10 all classes have as many.`,
        { counts },
      )
  }
}
