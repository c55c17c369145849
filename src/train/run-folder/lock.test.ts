import { spawnSync } from 'node:child_process'
import fs, {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { lockFolder } from './lock.node.ts'
import { checkFree, createRunFolder, openRunFolder } from './run-folder.node.ts'

let folder: string
let path: string
const lock = () => join(path, '.lock')
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-lock-'))
  path = join(folder, 'run')
  createRunFolder(path, { epochs: 1 }).close()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** As another process would leave it. */
const heldBy = (pid: number, host = hostname()) =>
  writeFileSync(lock(), JSON.stringify({ pid, host, since: '2026-01-02T03:04:05.000Z' }))

describe('the folder of a run', () => {
  it('is one process’s: another is told whose', () => {
    heldBy(process.ppid)
    const refused = `run is in use by process ${process.ppid} on ${hostname()}, since 2026-01-02T03:04:05.000Z.`
    const before = readFileSync(lock(), 'utf8')
    for (const use of [
      () => openRunFolder(path),
      () => createRunFolder(path, {}, { force: true }),
      () => checkFree(path, true),
    ])
      expect(use).toThrow(refused)
    expect(() => openRunFolder(path)).toThrow(
      expect.objectContaining({ code: 'in-use', details: expect.objectContaining({ pid: process.ppid }) }),
    )
    expect(readFileSync(lock(), 'utf8')).toBe(before)
    expect(existsSync(join(path, 'recipe.json'))).toBe(true)
  })

  it('is not locked where the disk is full, and nothing is left', () => {
    rmSync(path, { recursive: true })
    mkdirSync(path)
    vi.spyOn(fs, 'writeFileSync').mockImplementation((file) => {
      closeSync(openSync(file as string, 'wx'))
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    })
    syncBuiltinESMExports()
    try {
      expect(() => lockFolder(path)).toThrow(expect.objectContaining({ code: 'disk-full' }))
    } finally {
      vi.restoreAllMocks()
      syncBuiltinESMExports()
    }
    expect(readdirSync(path)).toEqual([])
  })

  it('is taken over from a process that has ended', () => {
    heldBy(spawnSync('true').pid)
    const run = openRunFolder(path)
    expect(JSON.parse(readFileSync(lock(), 'utf8'))).toMatchObject({ pid: process.pid, host: hostname() })
    run.close()
    expect(existsSync(lock())).toBe(false)
    expect(readdirSync(path).filter((name) => name.startsWith('.'))).toEqual([])
    // Numbers of processes are used again.
    heldBy(process.pid)
    openRunFolder(path).close()
  })

  it('is one run’s within a process, too', () => {
    const run = openRunFolder(path)
    expect(() => openRunFolder(path)).toThrow('run is in use by process')
    run.close()
    openRunFolder(path).close()
  })

  it('is taken over from another machine only when nobody there renews the lock', () => {
    heldBy(1, 'elsewhere')
    expect(() => openRunFolder(path)).toThrow('in use by process 1 on elsewhere')
    const longAgo = new Date(Date.now() - 11 * 60_000)
    utimesSync(lock(), longAgo, longAgo)
    openRunFolder(path).close()
  })

  it('is free again where opening it failed, and where a process was killed while it wrote the lock', () => {
    writeFileSync(join(path, 'recipe.json'), 'no')
    expect(() => openRunFolder(path)).toThrow('recipe.json is not JSON')
    expect(existsSync(lock())).toBe(false)
    writeFileSync(lock(), '{"pid')
    rmSync(join(path, 'recipe.json'))
    createRunFolder(path, {}, { force: true }).close()
    expect(readdirSync(path).filter((name) => name.startsWith('.'))).toEqual([])
  })
})
