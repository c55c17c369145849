import { accessSync, constants, existsSync, mkdirSync, rmdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { KerfError } from './error.ts'

/**
 * For before long work: refuses a folder that `makeFolder` could not make, or that could not be written into. Makes nothing.
 * @throws KerfError `not-a-folder`, `no-access`
 */
export function checkFolder(path: string): void {
  const there = nearest(path)
  if (!isFolder(there)) throw notAFolder(path, there)
  try {
    accessSync(there, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw refused(error, path, there)
  }
}

/**
 * Makes a folder and those above it. One by one: where Node makes several at a time, what a read-only disk refuses reads as if it did not exist.
 * @returns the folders that were not there before, from the outermost to the innermost
 * @throws KerfError `not-a-folder`, `no-access`, `disk-full`, `io-error`
 */
export function makeFolder(path: string): string[] {
  const there = nearest(path)
  if (!isFolder(there)) throw notAFolder(path, there)
  const missing: string[] = []
  for (let at = resolve(path); at !== there; at = dirname(at)) missing.unshift(at)
  for (const folder of missing)
    try {
      mkdirSync(folder)
    } catch (error) {
      // Another process may have made it meanwhile.
      if (!isFolder(folder)) throw refused(error, path, dirname(folder))
    }
  return missing
}

/** Removes folders that were made for nothing; those with something in them stay. */
export function removeEmpty(made: readonly string[]): void {
  try {
    for (const folder of made.toReversed()) rmdirSync(folder)
  } catch {
    // Something lies there after all.
  }
}

/** The path itself, or the innermost of those above it that is there. */
function nearest(path: string): string {
  let at = resolve(path)
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at)
  return at
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

const notAFolder = (path: string, file: string): KerfError =>
  new KerfError(
    'not-a-folder',
    resolve(path) === file
      ? `${path} is a file, not a folder. Choose another name, or move it away.`
      : `${path} cannot be a folder: ${file} is a file. Choose another path.`,
    { path },
  )

const problems: Readonly<Record<string, readonly [code: string, problem: (folder: string) => string]>> = {
  EACCES: ['no-access', (f) => `permission denied in ${f}. Choose another folder, or check who may write there`],
  EPERM: ['no-access', (f) => `permission denied in ${f}. Choose another folder, or check who may write there`],
  EROFS: ['no-access', (f) => `the disk of ${f} is read-only. Choose another folder`],
  ENOSPC: ['disk-full', (f) => `the disk of ${f} is full. Make room, or choose another folder`],
  EDQUOT: ['disk-full', (f) => `the quota of ${f} is used up. Make room, or choose another folder`],
  ENAMETOOLONG: ['io-error', () => 'the name is too long. Choose a shorter one'],
  EEXIST: ['not-a-folder', () => 'a link that leads nowhere is in the way. Choose another folder'],
}

function refused(error: unknown, path: string, folder: string): unknown {
  const { code = '', syscall, message } = error as NodeJS.ErrnoException
  if (syscall === undefined) return error
  const [kind, problem] = problems[code] ?? ['io-error', () => message]
  return new KerfError(kind, `${path} cannot be written to: ${problem(folder)}.`, { path, cause: code })
}
