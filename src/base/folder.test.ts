import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { checkFolder, makeFolder, removeEmpty } from './index.node.ts'

// A disk that is read-only cannot be had without being root: what it answers stands in.
const readOnly = vi.hoisted(() => ({ under: undefined as string | undefined }))
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  const guarded =
    <A extends [path: string, ...rest: never[]], R>(act: (...args: A) => R, syscall: string) =>
    (...args: A): R => {
      if (readOnly.under !== undefined && args[0].startsWith(readOnly.under))
        throw Object.assign(new Error(`EROFS: read-only file system, ${syscall} '${args[0]}'`), {
          ...{ code: 'EROFS', syscall },
        })
      return act(...args)
    }
  return {
    ...fs,
    mkdirSync: guarded(fs.mkdirSync as (path: string) => void, 'mkdir'),
    accessSync: guarded(fs.accessSync as (path: string) => void, 'access'),
  }
})

let folder: string
const at = (name: string) => join(folder, name)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-folder-'))
})
afterEach(() => {
  readOnly.under = undefined
  rmSync(folder, { recursive: true })
})

const failure = (act: () => unknown): unknown => {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

it('makes what is missing and says what; what stayed empty goes again', () => {
  mkdirSync(at('a'))
  checkFolder(at('a/b/c'))
  expect(existsSync(at('a/b'))).toBe(false)
  expect(makeFolder(at('a/b/c'))).toEqual([at('a/b'), at('a/b/c')])
  expect(makeFolder(at('a/b/c'))).toEqual([])
  writeFileSync(at('a/b/x'), '')
  removeEmpty([at('a/b'), at('a/b/c')])
  expect(readdirSync(at('a/b'))).toEqual(['x'])
})

describe.each([checkFolder, makeFolder])('$name refuses', (act) => {
  it('a file, and what would lie in a file', () => {
    writeFileSync(at('f'), '')
    expect(failure(() => act(at('f')))).toMatchObject({
      code: 'not-a-folder',
      message: `${at('f')} is a file, not a folder. Choose another name, or move it away.`,
    })
    expect(failure(() => act(at('f/x/y')))).toMatchObject({
      code: 'not-a-folder',
      message: `${at('f/x/y')} cannot be a folder: ${at('f')} is a file. Choose another path.`,
      details: { path: at('f/x/y') },
    })
  })

  it('a read-only disk, also deep in it', () => {
    readOnly.under = folder
    for (const name of ['x', 'x/y/z'])
      expect(failure(() => act(at(name)))).toMatchObject({
        code: 'no-access',
        message: `${at(name)} cannot be written to: the disk of ${folder} is read-only. Choose another folder.`,
        details: { path: at(name), cause: 'EROFS' },
      })
  })

  it.skipIf(process.getuid?.() === 0)('a folder that is closed (skipped: root may write everywhere)', () => {
    mkdirSync(at('closed'))
    chmodSync(at('closed'), 0o500)
    expect(() => act(at('closed/x/y'))).toThrow(
      `${at('closed/x/y')} cannot be written to: permission denied in ${at('closed')}. Choose another folder, or check who may write there.`,
    )
  })
})

it('refuses to make a folder where a link leads nowhere', () => {
  symlinkSync(at('nowhere'), at('link'))
  expect(() => makeFolder(at('link'))).toThrow(
    `${at('link')} cannot be written to: a link that leads nowhere is in the way. Choose another folder.`,
  )
})
