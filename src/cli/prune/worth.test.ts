import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../../graph/index.ts'
import { writeModelFile } from '../../onnx/index.node.ts'
import { kerf } from '../in-process.ts'
import { worthText } from './worth.ts'

const random = seededRandom(9)

/** @param dimension of the input that the file leaves open, or its size */
function network(dimension: number | string): Model {
  const b = new GraphBuilder('network')
  const weight = (name: string) =>
    b.constant(name, tensorOf('float32', [32, 32, 1, 1], Float32Array.from({ length: 1024 }, random.normal)))
  const x = b.input('x', 'float32', [1, 32, 8, dimension])
  b.output(b.node('Conv', [b.node('Relu', [b.node('Conv', [x, weight('a')])]), weight('b')]))
  return b.model()
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-worth-'))
  writeModelFile(network(8), join(folder, 'known.onnx'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const prune = (...flags: string[]) =>
  kerf('prune', join(folder, 'known.onnx'), '-o', join(folder, 'z.onnx'), '--force', ...flags)

it('says what zeros change of the time of a run', async () => {
  const { status, out, err } = await prune('--method', 'nm', '--nm', '1:8', '--json')
  expect(status, err).toBe(0)
  const { worth, after } = JSON.parse(out)
  expect(after.nonZeroParams).toBe(2 * 32 * 4)
  expect(worth[0]).toMatchObject({ runtime: 'kerf', sparseLayers: expect.any(Number) })
  for (const { denseMs, zerosMs } of worth) {
    expect(denseMs).toBeGreaterThan(0)
    expect(zerosMs).toBeGreaterThan(0)
  }
  expect((await prune('--method', 'weight', '--ratio', '0.9')).out).toMatch(
    /Time of a run {2}kerf [\d.e+-]+ → [\d.e+-]+ ms \([\d.]+ ×, \d layers without their zeros\)/,
  )
})

it('is not asked where nothing is run, or channels go', async () => {
  for (const flags of [
    ['--method', 'nm', '--no-check'],
    ['--method', 'nm', '--dry-run'],
    ['--ratio', '0.5'],
  ]) {
    const { status, out } = await prune(...flags, '--json')
    expect(status).toBe(0)
    expect(JSON.parse(out)).not.toHaveProperty('worth')
  }
})

it.each([
  [['--method', 'nm', '--nm', '4:4'], /N:M with 1 ≤ N < M/],
  [['--method', 'nm', '--ratio', '0.5'], /leave --ratio and --ratios out/],
  [['--method', 'weight', '--ratio', '0.5', '--nm', '2:4'], /--nm is for --method nm/],
])('%j is wrong usage', async (flags, message) => {
  expect(await prune(...flags)).toMatchObject({ status: 2, err: expect.stringMatching(message) })
})

it('puts it in a line', () => {
  expect(
    worthText([
      { runtime: 'kerf', version: '1', denseMs: 15.94, zerosMs: 6.02, sparseLayers: 34 },
      { runtime: 'ort-web', version: '1', denseMs: 36, zerosMs: 36 },
    ]),
  ).toBe('kerf 15.9 → 6.02 ms (2.65 ×, 34 layers without their zeros), ort-web 36.0 → 36.0 ms (1.00 ×)')
})
