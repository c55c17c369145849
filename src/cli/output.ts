import { randomBytes } from 'node:crypto'
import { existsSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { KerfError } from '../base/index.ts'

export interface OutputOptions {
  /** Whether an existing file may be replaced. */
  readonly force?: boolean
  /** Files that are read: they are never replaced. */
  readonly inputs?: readonly string[]
}

/**
 * Refuses a path that cannot or must not be written; before long work, so that it is not done in vain.
 * @throws KerfError `exists`, `same-file`, `not-found`, `not-a-file`
 */
export function checkOutput(path: string, options: OutputOptions = {}): void {
  const folder = dirname(resolve(path))
  if (!existsSync(folder))
    throw new KerfError('not-found', `${path}: the folder ${folder} does not exist. Create it first.`, { path })
  if (!existsSync(path)) return
  const real = realpathSync(path)
  if (options.inputs?.some((input) => existsSync(input) && realpathSync(input) === real))
    throw new KerfError('same-file', `${path} is the input. Choose another name for the output.`, { path })
  if (!statSync(path).isFile()) {
    if (isDevice(path)) return
    throw new KerfError('not-a-file', `${path} is a folder. Give the name of a file.`, { path })
  }
  if (!options.force)
    throw new KerfError('exists', `${path} exists. Choose another name, or replace it with --force.`, { path })
}

/** /dev/stdout, named pipes: written to as they are. */
const isDevice = (path: string): boolean => {
  const stat = statSync(path)
  return stat.isCharacterDevice() || stat.isFIFO()
}

/** Writes a file whole or not at all: under a temporary name in the same folder, then renamed. */
export function writeTextFile(path: string, text: string, options: OutputOptions = {}): void {
  checkOutput(path, options)
  if (existsSync(path) && isDevice(path)) {
    writeFileSync(path, text)
    return
  }
  // Where the path is a link, what it points to is replaced and the link stays.
  const target = existsSync(path) ? realpathSync(path) : resolve(path)
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(4).toString('hex')}.tmp`)
  try {
    writeFileSync(temporary, text, { flag: 'wx' })
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}
