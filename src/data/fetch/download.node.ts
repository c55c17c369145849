import { type FileHandle, open, stat } from 'node:fs/promises'
import { checkAborted, KerfError, type Task } from '../../base/index.ts'
import { fileProblem } from '../files.node.ts'

/** Progress is told in bytes, for each file; `total` is undefined where the server does not say. */
export interface DownloadOptions extends Task {
  /** How often each address is asked, first time included. 4 by default. */
  readonly attempts?: number
  /** Wait before the second attempt, doubled each time. 1000 by default. */
  readonly waitMs?: number
  /** A connection on which nothing comes for so long is given up. 30,000 by default. */
  readonly stallMs?: number
  /**
   * Writes at the end of an open file; tests put a full disk in its place.
   * @internal
   */
  readonly append?: (file: FileHandle, bytes: Uint8Array) => Promise<unknown>
}

/** What is stopped. */
export const fetching = 'The download'

/** What trying again, or another address, may help against. */
class Unreachable extends Error {
  readonly again: boolean
  constructor(message: string, again: boolean) {
    super(message)
    this.again = again
  }
}

/**
 * Downloads into a file that may hold the beginning already, from the first address that delivers. What came stays when it fails, so that
 * the next call goes on from there; whether it is the right file is for the caller to check.
 * @param name what messages call it
 * @throws KerfError `download-failed` with what every address said, `disk-full`, `no-access`, `aborted`
 */
export async function download(
  urls: readonly string[],
  path: string,
  name: string,
  options: DownloadOptions = {},
): Promise<void> {
  const { attempts = 4, waitMs = 1000, signal } = options
  const said: string[] = []
  for (const url of urls)
    for (let attempt = 1; ; attempt++)
      try {
        await transfer(url, path, name, options)
        return
      } catch (error) {
        checkAborted(signal, fetching)
        if (!(error instanceof Unreachable)) throw fileProblem(error, path)
        if (error.again && attempt < attempts) await pause(waitMs * 2 ** (attempt - 1), signal)
        else {
          said.push(`${url}: ${error.message}`)
          break
        }
      }
  const kept = await sizeOf(path)
  throw new KerfError(
    'download-failed',
    `${name} could not be fetched. ${said.join('; ')}. ${
      kept > 0
        ? `The ${kept} bytes that came are kept: call again to go on from there`
        : 'Check the connection and call again'
    }, or take a local copy with --from.`,
    { name, urls, said, kept },
  )
}

async function transfer(url: string, path: string, name: string, options: DownloadOptions): Promise<void> {
  const { signal, progress, stallMs = 30_000, append = (file, bytes) => file.appendFile(bytes) } = options
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw new Unreachable('it is no address of http or https', false)
  const had = await sizeOf(path)
  const control = new AbortController()
  /** Rejects when the transfer ends. A read of a body whose fetch was aborted may never settle (Node 20): the process would end for want of work. */
  const ended = new Promise<never>((_, reject) =>
    control.signal.addEventListener('abort', () => reject(control.signal.reason)),
  )
  // Nobody may be waiting.
  ended.catch(() => {})
  // Not `AbortSignal.any`: Node 20 may forget what it holds.
  const stop = () => control.abort(signal?.reason)
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop)
  let timer: ReturnType<typeof setTimeout> | undefined
  const alive = () => {
    clearTimeout(timer)
    timer = setTimeout(() => control.abort(new Error(`nothing came for ${stallMs / 1000} s`)), stallMs)
  }
  /** What goes wrong on the network, as opposed to the disk. */
  const network = async <T>(waiting: Promise<T>): Promise<T> => {
    try {
      alive()
      return await Promise.race([waiting, ended])
    } catch (error) {
      checkAborted(signal, fetching)
      const { message, cause } = (control.signal.aborted ? control.signal.reason : error) as Error
      throw new Unreachable(cause instanceof Error ? `${message} (${cause.message})` : message, true)
    }
  }
  let file: FileHandle | undefined
  try {
    const response = await network(
      fetch(url, {
        // The bytes of the file itself: a checksum is over them.
        headers: { 'accept-encoding': 'identity', ...(had > 0 ? { range: `bytes=${had}-` } : {}) },
        signal: control.signal,
      }),
    )
    const { status, headers, body } = response
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '')
    // Nothing is left to send: the checksum will tell whether the file is right.
    if (status === 416 && had > 0) return void (await body?.cancel())
    if (!response.ok || !body || (status === 206 && Number(range?.[1]) !== had)) {
      await body?.cancel()
      throw new Unreachable(
        response.ok
          ? 'the server sends another part of the file than asked for'
          : `the server says ${status} ${response.statusText}`.trim(),
        status >= 500 || status === 429,
      )
    }
    // A server that knows no parts sends the whole file again.
    const resumed = status === 206 ? had : 0
    const length = headers.get('content-length')
    const total = length === null ? undefined : resumed + Number(length)
    file = await open(path, resumed > 0 ? 'a' : 'w')
    let bytes = resumed
    const reader = body.getReader()
    for (;;) {
      const { done, value } = await network(reader.read())
      if (done) break
      await append(file, value)
      bytes += value.length
      progress?.({ what: name, done: bytes, total, unit: 'bytes', from: resumed })
    }
    if (total !== undefined && bytes !== total)
      throw new Unreachable(`the connection ended after ${bytes} of ${total} bytes`, true)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
    // Ends a transfer that was left in the middle, as by a full disk.
    control.abort()
    await file?.close()
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
  checkAborted(signal, fetching)
}
