import { linkSync, readFileSync, realpathSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { isRunning, KerfError, temporaryBeside } from '../../base/index.node.ts'
import { fileProblem } from './files.node.ts'

/*
 * DIR/.lock holds a run's folder for one process: its number and its machine. A process that was killed leaves it behind; the next one sees that nobody of that
 * number runs, and takes it over. On another machine that cannot be seen: there the file's time tells, which the holder renews.
 */

interface Holder {
  readonly pid: number
  readonly host: string
  readonly since: string
}

const renewMs = 60_000
const staleMs = 10 * renewMs

/** The locks of this process, whose number alone would not tell its runs apart. */
const own = new Set<string>()

const lockFile = (folder: string) => join(folder, '.lock')

/**
 * @returns gives it back
 * @throws KerfError `in-use` naming the process that has the folder, `disk-full`, `no-access` …
 */
export function lockFolder(folder: string): () => void {
  const [path, key] = [lockFile(folder), realpathSync(folder)]
  const holder: Holder = { pid: process.pid, host: hostname(), since: new Date().toISOString() }
  const text = JSON.stringify(holder)
  for (let waits = 0; !created(path, text); ) {
    const theirs = contentOf(path)
    if (theirs === undefined) continue
    // Half written: another process is at it, and done in no time, or was killed at it.
    if (holderIn(theirs) === undefined && waits++ < 20) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
      continue
    }
    refuseHeld(folder, theirs)
    takeAway(path, theirs)
  }
  own.add(key)
  const isMine = () => contentOf(path) === text
  const renewal = setInterval(() => {
    if (isMine()) utimesSync(path, new Date(), new Date())
  }, renewMs)
  renewal.unref()
  return () => {
    if (!own.delete(key)) return
    clearInterval(renewal)
    if (isMine()) rmSync(path)
  }
}

/** @throws KerfError `in-use` where another process, or another run of this one, has the folder */
export function checkUnlocked(folder: string): void {
  const text = contentOf(lockFile(folder))
  if (text !== undefined) refuseHeld(folder, text)
}

function created(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    rmSync(path, { force: true })
    throw fileProblem(error, path, 'written')
  }
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function refuseHeld(folder: string, text: string): void {
  const path = lockFile(folder)
  const holder = holderIn(text)
  if (holder === undefined) return
  const isFresh = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < staleMs
  const isOwn = own.has(realpathSync(folder))
  const isHeld = holder.host !== hostname() ? isFresh : holder.pid === process.pid ? isOwn : isRunning(holder.pid)
  if (!isHeld) return
  throw new KerfError(
    'in-use',
    `${folder} is in use by process ${holder.pid} on ${holder.host}, since ${holder.since}. Wait until that has ended, or stop it; if it is no run of Kerf any more, remove ${path}.`,
    { path: folder, ...holder },
  )
}

function holderIn(text: string): Holder | undefined {
  try {
    const { pid, host, since } = JSON.parse(text)
    return Number.isInteger(pid) ? { pid, host: String(host), since: String(since) } : undefined
  } catch {
    return undefined
  }
}

/** Removes a lock that nobody has, unless somebody has taken it over meanwhile. */
function takeAway(path: string, text: string): void {
  const aside = temporaryBeside(path)
  try {
    renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  // Another process was faster, and its own lock was there: back with it.
  if (contentOf(aside) !== text) linkSync(aside, path)
  rmSync(aside, { force: true })
}
