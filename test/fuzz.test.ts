// The fuzzers of fuzz/, with a seed for which nothing is found; and that what goes wrong on purpose is found, told apart and made smaller.

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Kind, kinds } from '../fuzz/outcome.ts'
import { Runner } from '../fuzz/runner.ts'
import { shrink } from '../fuzz/shrink.ts'
import { artificial } from '../fuzz/targets/artificial.ts'
import { hasOrt } from '../src/testing/ort.ts'

let program: string
const output = mkdtempSync(join(tmpdir(), 'kerf-fuzz-test-'))

beforeAll(async () => {
  const { bundle } = (await import(new URL('../fuzz/bundle.mjs', import.meta.url).href)) as {
    bundle(): Promise<string>
  }
  program = await bundle()
})
afterAll(() => {
  for (const folder of [program, output]) rmSync(folder, { recursive: true, force: true })
})

const fuzz = (...args: string[]) =>
  new Promise<{ readonly code: number; readonly text: string }>((resolve) =>
    execFile(
      process.execPath,
      [join(program, 'main.js'), '--processes', '2', '--output', output, ...args],
      (error, text) => resolve({ code: Number(error?.code ?? 0), text }),
    ),
  )

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('nothing is found in', () => {
  it('changed models and files', async () => {
    const { code, text } = await fuzz('--cases', '400', '--seed', '3')
    expect(text).toMatch(/ 0 findings\n$/)
    expect(text).toMatch(/model: ok/)
    expect(code).toBe(0)
  })

  it.each([
    ['cut', 400],
    ['training', 60],
  ])(
    'random networks: %s',
    async (kind, cases) => {
      const { code, text } = await fuzz('--only', kind, '--cases', String(cases), '--seed', '3')
      expect(text).toMatch(/ 0 findings\n$/)
      expect(Number(new RegExp(`(\\d+)\\s+${kind}: ok`).exec(text)?.[1])).toBeGreaterThan(cases / 5)
      expect(code).toBe(0)
    },
    600_000,
  )

  it.skipIf(!hasOrt)(
    `random networks in ONNX Runtime${hasOrt ? '' : ' (skipped: onnxruntime-node is not installed)'}`,
    async () => {
      const { code, text } = await fuzz('--differential', '--graphs', '2000', '--seed', '3')
      expect(text).toMatch(/ 0 findings\n$/)
      // Most networks are such as both run.
      expect(Number(/(\d+)\s+differential: ok/.exec(text)?.[1])).toBeGreaterThan(1500)
      expect(code).toBe(0)
    },
    // A minute of one processor, of which the other tests leave a part.
    600_000,
  )
})

describe('what goes wrong on purpose', () => {
  const encode = (list: readonly Kind[]) => new TextEncoder().encode(JSON.stringify(list))

  it.each(kinds)('%s is told apart, and made smaller', async (kind) => {
    const runner = new Runner(join(program, 'worker.js'), { cpuSeconds: 1, bytes: 2 ** 28 })
    const run = (bytes: Uint8Array) => runner.run({ target: 'artificial', from: bytes })
    try {
      const all = encode(['ok', kind, 'ok'])
      const outcome = await run(all)
      expect(outcome).toMatchObject({ kind, stage: 'happen' })
      const smallest = await shrink(artificial, all, outcome, run)
      expect(JSON.parse(new TextDecoder().decode(smallest))).toEqual(kind === 'ok' ? [] : [kind])
      // And the next case runs.
      expect((await run(encode(['ok']))).kind).toBe('ok')
    } finally {
      runner.end()
    }
  })

  it.each([
    ['hang', { cpuSeconds: 1, idleSeconds: 1000 }, 'runs'],
    ['wait', { cpuSeconds: 1000, idleSeconds: 1 }, 'waits'],
  ] as const)('a %s is told by the processor time that it takes', async (what, limits, how) => {
    const runner = new Runner(join(program, 'worker.js'), limits)
    try {
      const outcome = await runner.run({ target: 'artificial', from: new TextEncoder().encode(`["${what}"]`) })
      expect(outcome).toMatchObject({ kind: 'hang', what: how })
      expect(outcome.message).toMatch(/: \d+\.\d s of processor in \d+\.\d s by the clock\n$/)
    } finally {
      runner.end()
    }
  })

  it('ends by itself where the fuzzer was killed', async () => {
    const arguments_ = '[100, 1000, 2 ** 30, process.pid].map(String)'
    const parent = spawn(process.execPath, [
      '-e',
      `const child = require('node:child_process').fork(${JSON.stringify(join(program, 'worker.js'))}, ${arguments_}, {
         serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
       child.stderr.on('data', () => console.log(child.pid))
       child.send({ target: 'artificial', from: new TextEncoder().encode('["hang"]') })`,
    ])
    // It says the stage before it hangs.
    const pid = Number(String((await once(parent.stdout, 'data'))[0]))
    expect(process.kill(pid, 0)).toBe(true)
    parent.kill('SIGKILL')
    await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false)
  }, 60_000)

  it('is kept with a line that replays it, and fails the run', async () => {
    const { code, text } = await fuzz('--only', 'artificial', '--cases', '20')
    expect(code).toBe(1)
    expect(text).toMatch(/20 cases in \d+ s, 2 findings\n$/)
    const [wrong] = readdirSync(output).filter((name) => /^artificial-wrong-.*\.json$/.test(name))
    expect(readFileSync(join(output, wrong!), 'utf8')).toBe('["wrong"]')
    // The number of the case is enough to come to the same.
    const [, alone] = /npm run fuzz -- (.*), \d+ bytes before/.exec(readFileSync(join(output, `${wrong}.txt`), 'utf8'))!
    expect(await fuzz(...alone!.split(' '))).toMatchObject({ code: 1, text: expect.stringMatching(/wrong in happen/) })
    const again = await fuzz('--replay', join(output, wrong!))
    expect(again).toEqual({ code: 1, text: expect.stringMatching(/^wrong in happen: # and # are #\n/) })
  })

  it('is no number of cases', async () => {
    expect(await fuzz('--only', 'artificial', '--cases', 'all')).toEqual({ code: 1, text: '' })
  })
})
