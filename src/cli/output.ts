import { existsSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { KerfError, temporaryBeside } from '../base/index.node.ts'
import { UsageError } from './errors.ts'
import { checkEnding } from './output-type.ts'

export interface OutputOptions {
  /** Whether an existing file may be replaced. */
  readonly force?: boolean
  /** Files that are read: they are never replaced. */
  readonly inputs?: readonly string[]
  /** Endings of what is written: a name with another one is refused. */
  readonly endings?: readonly string[]
}

/**
 * Refuses a path that cannot or must not be written; before long work, so that it is not done in vain.
 * @throws KerfError `exists`, `same-file`, `not-found`, `not-a-file`; UsageError for an empty name, or another ending
 */
export function checkOutput(path: string, options: OutputOptions = {}): void {
  if (path === '') throw new UsageError('The name of the output file is empty. Give one, as in -o name.')
  if (options.endings) checkEnding(path, options.endings)
  const folder = dirname(resolve(path))
  if (!existsSync(folder))
    throw new KerfError('not-found', `${path}: the folder ${folder} does not exist. Create it first.`, { path })
  if (!statSync(folder).isDirectory())
    throw new KerfError('not-found', `${path}: ${folder} is a file, not a folder. Choose another path.`, { path })
  if (!existsSync(path)) return
  const input = options.inputs?.find((input) => isSameFile(input, path))
  if (input !== undefined)
    throw new KerfError(
      'same-file',
      `${path} is the input${resolve(input) === resolve(path) ? '' : `, or belongs to it (${input})`}. Choose another name for the output.`,
      { path },
    )
  if (!statSync(path).isFile()) {
    if (isDevice(path)) return
    throw new KerfError('not-a-file', `${path} is a folder. Give the name of a file.`, { path })
  }
  if (!options.force)
    throw new KerfError('exists', `${path} exists. Choose another name, or replace it with --force.`, { path })
}

/** Whether two paths lead to one file: by another spelling, a symbolic or a hard link. */
function isSameFile(a: string, b: string): boolean {
  const [x, y] = [a, b].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }))
  return x !== undefined && y !== undefined && x.dev === y.dev && x.ino === y.ino
}

/** /dev/stdout, named pipes: written to as they are. */
const isDevice = (path: string): boolean => {
  const stat = statSync(path)
  return stat.isCharacterDevice() || stat.isFIFO()
}

/** Writes a file whole or not at all: under a temporary name in the same folder, then renamed. */
export function writeWholeFile(path: string, content: string | Uint8Array, options: OutputOptions = {}): void {
  checkOutput(path, options)
  let temporary: string | undefined
  try {
    if (existsSync(path) && isDevice(path)) {
      writeFileSync(path, content)
      return
    }
    // Where the path is a link, what it points to is replaced and the link stays.
    const target = existsSync(path) ? realpathSync(path) : resolve(path)
    temporary = temporaryBeside(target)
    writeFileSync(temporary, content, { flag: 'wx' })
    renameSync(temporary, target)
  } catch (error) {
    if (temporary !== undefined && existsSync(temporary)) rmSync(temporary, { force: true })
    // The message is about the file that was asked for, not about the temporary one, or none (a full disk names no file).
    throw Object.assign(error as Error, { path })
  }
}
