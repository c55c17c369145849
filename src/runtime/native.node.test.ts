import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { nodeWorkerFile } from '../testing/session-worker.ts'
import { tableVersion } from './backends/wasm/engine/kernels.generated.ts'
import { createSession, hostTensor, type SessionOptions } from './index.node.ts'
import { loadNative, nativeKernels } from './native.node.ts'

const folder = mkdtempSync(join(tmpdir(), 'kerf-native-'))
afterAll(() => rmSync(folder, { recursive: true }))

const random = seededRandom(3)
const floats = (count: number) => Float32Array.from({ length: count }, () => 2 * random.uniform() - 1)

const network = ((): Model => {
  const b = new GraphBuilder('net')
  const w = b.constant('w', tensorOf('float32', [24, 16, 3, 3], floats(24 * 16 * 9)))
  b.output(b.node('Conv', [b.input('x', 'float32', [1, 16, 9, 9]), w], { strides: [2, 2], pads: [1, 1, 1, 1] }))
  return b.model()
})()
const x = hostTensor('float32', [1, 16, 9, 9], floats(16 * 81))

async function outcome(options: SessionOptions) {
  const session = await createSession(network, options)
  try {
    const [output] = Object.values(await session.run({ x }))
    return { instructions: session.instructions, output: output!.data as Float32Array }
  } finally {
    await session.dispose()
  }
}

describe('libraries that are not for here are left', () => {
  const library = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  it('there is none', () => {
    expect(loadNative(join(folder, 'none.node'))).toBeUndefined()
  })
  it('a file that is no library', () => {
    expect(loadNative(library('text.node', 'no library'))).toBeUndefined()
  })
  it('libraries of other systems', () => {
    const built = fileURLToPath(new URL('../../native/build', import.meta.url))
    const others = existsSync(built)
      ? readdirSync(built).filter((name) => !name.includes(`${process.platform}-${process.arch}`))
      : []
    for (const name of others) expect(loadNative(join(built, name)), name).toBeUndefined()
  })
  it('one that was made for another table of kernels, or for other processors', () => {
    const exporting = (table: string, sets: string) => `module.exports = { table: '${table}', bind: { ${sets} } }`
    const both = 'Best() {}, AVX2() {}'
    expect(loadNative(library('old.cjs', exporting('old', both)))).toBeUndefined()
    expect(loadNative(library('none.cjs', exporting(tableVersion, '')))).toBeUndefined()
    const own = library('own.cjs', exporting(tableVersion, both))
    expect(loadNative(own, '')).toMatchObject({ instructions: 'Best' })
    expect(loadNative(own, 'AVX2')).toMatchObject({ instructions: 'AVX2' })
    expect(loadNative(own, 'NEON')).toBeUndefined()
  })
})

describe.skipIf(!nativeKernels())('kernels in machine code (skipped: there are none)', () => {
  const script = join(folder, 'edge-of-memory.mjs')
  beforeAll(async () => {
    const entryPoints = [fileURLToPath(new URL('./backends/wasm/steps/edge-of-memory.node.ts', import.meta.url))]
    await build({ entryPoints, bundle: true, platform: 'node', format: 'esm', outfile: script })
  })
  const run = (...more: string[]) =>
    spawnSync(process.execPath, [script, nativeKernels()!.path, ...more], { encoding: 'utf8' })
  const sets = ['AVX-512', 'AVX-VNNI', 'AVX2', 'NEON-DotProd', 'NEON']
  it.each(sets.filter((name) => loadNative(nativeKernels()?.path ?? '', name)))(
    'read and write nothing behind their operands: %s',
    (instructions) => {
      const { stdout, stderr, status } = run(instructions)
      expect(stderr).toBe('')
      expect(stdout).toMatch(/^\d{3,} programs$/m)
      expect(status).toBe(0)
      // What does ends the process.
      expect(run(instructions, 'beyond').status).not.toBe(0)
    },
  )
})

describe('sessions', () => {
  it('are the same without machine code, but for rounding, and in workers to the bit', async () => {
    const { url, remove } = await nodeWorkerFile()
    const given = await outcome({})
    expect(given.instructions).toBe(nativeKernels()?.instructions)
    const inWorker = { worker: true, workerUrl: url }
    expect(await outcome(inWorker)).toEqual(given)
    expect(await outcome({ threads: 2 })).toEqual(given)
    const without = await outcome({ native: false })
    expect(without.instructions).toBeUndefined()
    expect(Math.max(...without.output.map((v, i) => Math.abs(v - given.output[i]!)))).toBeLessThan(1e-5)
    expect(await outcome({ ...inWorker, native: false })).toEqual(without)
    remove()
  })
  it('have none where KERF_NATIVE is 0', async () => {
    vi.stubEnv('KERF_NATIVE', '0')
    try {
      expect((await outcome({})).instructions).toBeUndefined()
    } finally {
      vi.unstubAllEnvs()
    }
  })
})
