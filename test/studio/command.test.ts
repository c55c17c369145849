// `kerf studio`, as a process.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { lenet } from './files.ts'
import { root } from './harness.ts'

const main = join(root, 'dist', 'cli', 'main.js')
const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

function kerf(...args: string[]) {
  const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, NO_COLOR: '1' } })
  running.push(child)
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    said.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    said.err += chunk
  })
  return { child, said, ended: once(child, 'exit') as Promise<[number | null, string | null]> }
}

it('prints the address, serves the page, and ends by Ctrl-C', async () => {
  const { child, said, ended } = kerf('studio', lenet, '--no-open')
  await expect.poll(() => said.out, { timeout: 60_000 }).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32}\n$/)
  const url = said.out.trim()
  expect((await fetch(url)).status).toBe(200)
  expect((await fetch(new URL('/', url))).status).toBe(403)
  expect(said.err).toBe('Ctrl-C ends it.\n')
  child.kill('SIGINT')
  expect(await ended).toEqual([0, null])
  await expect(fetch(url)).rejects.toThrow('fetch failed')
})

it('says what is wrong before it serves anything', async () => {
  for (const [args, status, message] of [
    [['nowhere.onnx'], 1, /^kerf: nowhere\.onnx does not exist\. Check the path\.\n$/],
    [[join(root, 'package.json')], 1, /package\.json is not an ONNX model/],
    [['--port', '70000'], 2, /Give a whole number from 1 to 65535/],
  ] as const) {
    const { said, ended } = kerf('studio', '--no-open', ...args)
    expect((await ended)[0]).toBe(status)
    expect(said.err).toMatch(message)
    expect(said.out).toBe('')
  }
})

it('is loaded by this command alone', () => {
  const seen = new Set<string>()
  const packages = new Set<string>()
  const visit = (path: string) => {
    if (seen.has(path)) return
    seen.add(path)
    // What a file imports before it runs; import() comes later.
    for (const [, name] of readFileSync(path, 'utf8').matchAll(
      /^(?:import|export) .*?from ?"([^"]+)"|^import ?"([^"]+)"/gm,
    ))
      if (name?.startsWith('.')) visit(resolve(dirname(path), name))
      else if (name) packages.add(name)
  }
  visit(main)
  expect(packages).toContain('commander')
  expect([...packages].filter((name) => name.includes('hono'))).toEqual([])
})
