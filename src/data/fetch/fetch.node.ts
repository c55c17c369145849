import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { KerfError, makeFolder, removeEmpty } from '../../base/index.node.ts'
import { fileProblem } from '../files.node.ts'
import { type DownloadOptions, download } from './download.node.ts'

/** Where a data set goes, and where it comes from. */
export interface FetchOptions extends DownloadOptions {
  /** Where the files go; made if it is not there. */
  readonly folder: string
  /** A folder with a copy, which is checked and taken instead of downloading. */
  readonly from?: string
  /** Replaces other files of the same names. */
  readonly force?: boolean
  /** Addresses to ask instead of the official ones; the checksums stay. */
  readonly mirrors?: readonly string[]
}

/**
 * How a file was found to be right: `file` is the published checksum of what is fetched, `content` that of what it unpacks to,
 * `structure` only its sizes, counts and labels.
 */
export type Verified = 'file' | 'content' | 'structure'

/** A file of a published data set that is there now. */
export interface FetchedFile {
  /** Where it lies. */
  readonly path: string
  /** Its size. */
  readonly bytes: number
  /** `there`: it was already, and is right. */
  readonly state: 'fetched' | 'copied' | 'there'
  /** How it was found to be right. */
  readonly verified: Verified
}

export const md5Of = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

export async function md5OfFile(path: string): Promise<string> {
  const hash = createHash('md5')
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array)
  } catch (error) {
    throw fileProblem(error, path)
  }
  return hash.digest('hex')
}

/**
 * Makes the folder that `fill` puts files into. Where it fails and leaves nothing to go on from, no empty folder stays.
 * @throws KerfError as `makeFolder`, and what `fill` throws
 */
export async function inFolder<T>(folder: string, fill: () => Promise<T>): Promise<T> {
  const made = makeFolder(folder)
  try {
    return await fill()
  } catch (error) {
    removeEmpty(made)
    throw error
  }
}

/** What must not be replaced without being asked to. */
export function refuseExisting(path: string, force: boolean | undefined): void {
  if (existsSync(path) && !force)
    throw new KerfError(
      'exists',
      `${path} exists and is something else. Choose another folder, or replace it with --force.`,
      {
        path,
      },
    )
}

/** Where a download is kept until it is complete and right. */
export const partPath = (folder: string, name: string): string => join(folder, `.${name}.part`)

/**
 * Downloads a file until it is right: a wrong one is thrown away, and the next address is asked.
 * @param check whether what came is right: how it is known, or undefined
 * @returns where it lies, and what `check` said
 * @throws KerfError `wrong-checksum`, and as `download`
 */
export async function downloadRight(
  urls: readonly string[],
  folder: string,
  name: string,
  md5: string,
  check: (path: string) => Promise<Verified | undefined>,
  options: DownloadOptions,
): Promise<{ path: string; verified: Verified }> {
  const path = partPath(folder, name)
  const wrong: string[] = []
  for (let at = 0; at < urls.length; ) {
    const begun = existsSync(path)
    // Another address is asked when one cannot be reached; which one delivered does not matter if the file is right.
    await download(urls.slice(at), path, name, options)
    const verified = await check(path)
    if (verified) return { path, verified }
    wrong.push(await md5OfFile(path))
    await rm(path, { force: true })
    // What an earlier call had left may be to blame: the same address once more, from the start.
    if (!begun) at++
  }
  throw new KerfError(
    'wrong-checksum',
    `${name} has the MD5 sum ${wrong.at(-1)}; expected ${md5}. What came was thrown away. Try again later, or take a local copy with --from.`,
    { name, received: wrong, expected: md5 },
  )
}

/** Moves finished files to their places, all of them: each is complete under another name before the first is moved. */
export async function moveAll(files: readonly { readonly from: string; readonly to: string }[]): Promise<void> {
  for (const { from, to } of files)
    await rename(from, to).catch((error: unknown) => {
      throw fileProblem(error, to)
    })
}

/** Writes a file that is moved to its place later. @throws KerfError `disk-full` …; nothing stays */
export async function writePart(path: string, bytes: Uint8Array, { append }: DownloadOptions): Promise<void> {
  try {
    const file = await open(path, 'w')
    try {
      await (append ? append(file, bytes) : file.appendFile(bytes))
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    await rm(path, { force: true })
    throw fileProblem(error, path)
  }
}
