import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { makeFolder, temporaryBeside } from '../../base/index.node.ts'
import type { TimedOn, TimeTable } from '../../prune/index.ts'
import { format, parseTimeTable, timeTableText } from './table.ts'

/** Where the times of a place are kept: in the user's cache folder (`XDG_CACHE_HOME`, else `~/.cache`), a file for each runtime, version, number of threads and machine. */
export function timeTablePath({ runtime, version, threads, machine }: TimedOn): string {
  const folder = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const place = createHash('sha256')
    .update([format, runtime, version, threads, machine].join('\n'))
    .digest('hex')
    .slice(0, 12)
  return join(folder, 'kerf', 'times', `${runtime}-${threads}-${place}.json`)
}

/**
 * The table of a file; undefined where there is none.
 * @param path of the file, as `timeTablePath` gives one
 * @throws KerfError `bad-time-table` for a file that is damaged or something else
 */
export const readTimeTable = (path: string): TimeTable | undefined =>
  existsSync(path) ? parseTimeTable(readFileSync(path, 'utf8'), path) : undefined

/**
 * Writes a table, whole or not at all; its folder is made.
 * @param path of the file
 */
export function writeTimeTable(path: string, table: TimeTable): void {
  makeFolder(dirname(path))
  const beside = temporaryBeside(path)
  writeFileSync(beside, timeTableText(table))
  renameSync(beside, path)
}
