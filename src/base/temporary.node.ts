import { createHash, randomUUID } from 'node:crypto'
import { readdirSync, rmSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'

/*
 * Files are written beside their place and renamed. What a killed process leaves there says by its name whose it is, and goes when the next one writes into that
 * folder.
 */

/** This machine among those that share a disk. */
const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 6)

const pattern = /^\.(.+)\.(writing|before)-(?:([0-9a-f]{6})-(\d+)-)?[0-9a-f]+$/

const dayMs = 24 * 3600 * 1000

/** The name of a file, not longer than a name with something before and behind it may be; two files have two. */
function shortName(name: string): string {
  const hash = () => createHash('sha256').update(name).digest('hex').slice(0, 8)
  return name.length <= 50 ? name : `${[...name].slice(0, 40).join('')}~${hash()}`
}

/**
 * A name beside a file for what is to take its place. What killed processes have left in the folder is removed.
 * @param what 'before': what was there, moved aside for as long as the new file is put in its place
 */
export function temporaryBeside(path: string, what: 'writing' | 'before' = 'writing'): string {
  const folder = dirname(path)
  removeLeftovers(folder)
  const name = `.${shortName(basename(path))}.${what}-${host}-${process.pid}-${randomUUID().slice(0, 8)}`
  return join(folder, name)
}

/**
 * Removes files and folders in a folder that killed processes were in the middle of writing, but those of other users.
 * @param isAlone nobody else writes there now: then of all processes
 */
export function removeLeftovers(folder: string, isAlone = false): void {
  const names = namesIn(folder)
  for (const name of names) {
    const [, short = '', what, of, pid] = pattern.exec(name) ?? []
    const path = join(folder, name)
    if (what === undefined || !(isAlone || isAbandoned(path, of, Number(pid)))) continue
    // Where the new file has not come, what was there before is the only one.
    if (what === 'writing' || names.some((n) => shortName(n) === short)) removeOwn(path)
  }
}

/** A file or a folder, unless it is another user's. */
function removeOwn(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

/** None of a folder that may be written into, and not be looked into. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return []
    throw error
  }
}

/** Whether the process that wrote a file is gone. Of another machine, or of nobody known, what is a day old is taken for that. */
function isAbandoned(path: string, of: string | undefined, pid: number): boolean {
  if (of === host) return !isRunning(pid)
  const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs
  return written !== undefined && Date.now() - written > dayMs
}

/** Whether there is a process of this number on this machine. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It is another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
