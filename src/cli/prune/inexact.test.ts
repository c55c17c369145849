import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { GraphBuilder, tensorOf } from '../../graph/index.ts'
import { writeModelFile } from '../../onnx/index.node.ts'
import { pruneModel } from '../../prune/index.ts'
import { prove } from '../../workflow/index.ts'
import { kerf } from '../in-process.ts'
import { pruneReport } from '../prune-report.ts'

const random = seededRandom(2)
const b = new GraphBuilder('norm', 21)
const floats = (name: string, ...shape: number[]) =>
  b.constant(name, tensorOf('float32', shape, Array.from({ length: shape.reduce((p, d) => p * d, 1) }, random.normal)))
const a = b.node('Conv', [b.input('x', 'float32', [1, 3, 4, 4]), floats('a.w', 8, 3, 1, 1)], {}, { name: 'a' })
const norm = b.node('GroupNormalization', [a, floats('g', 8), floats('h', 8)], { num_groups: 2 }, { name: 'norm' })
b.output(b.node('Conv', [norm, floats('b.w', 2, 8, 1, 1)], {}, { name: 'b' }))
const model = b.model()

it('says of an inexact cut what changes, where, and by how much', async () => {
  const result = await pruneModel(model, { scope: { ratio: 0.5 }, inexact: true })
  const { check, change } = await prove(result, { given: model })
  expect(check).toBeNull()
  expect(change?.fromMasked.maxRelDiff).toBeGreaterThan(1e-3)
  expect(change?.fromGiven?.maxRelDiff).toBeGreaterThan(1e-3)
  const { facts, tables } = pruneReport('m', result, { check, change })
  expect(facts.map(([label]) => label)).toEqual(['Groups', 'Measured on', 'Cut − masked', 'Cut − given'])
  const table = tables.find((t) => t.title?.startsWith('Inexact'))
  expect(table?.rows).toEqual([['norm', 4, 8, 'GroupNormalization normalises over channels']])
})

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-inexact-'))
  writeModelFile(model, join(folder, 'norm.onnx'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const prune = async (...more: string[]) => {
  const { status, out, err } = await kerf('prune', join(folder, 'norm.onnx'), '--ratio', '0.5', '--inexact', ...more)
  expect(status, err).toBe(0)
  return out
}
const data = ['--data', 'generated', '--set', 'data.size=8', '--set', 'data.trainImages=40']

it('measures it on the images that are given, and says on what', async () => {
  const output = ['-o', join(folder, 'cut.onnx'), '--force']
  expect(await prune(...output)).toMatch(/^Measured on +random numbers \(--data measures on images\)$/m)
  expect(await prune(...output, ...data)).toMatch(/^Measured on +training images: 16$/m)
  const changes: { images: number; fromGiven: { maxAbsDiff: number } }[] = []
  for (const more of [[], data, [...data, '--mean', '0.1', '--std', '100'], [...data, '--input', '1,3,8,8']])
    changes.push(JSON.parse(await prune(...output, ...more, '--json')).inexact)
  expect(changes.map((c) => c.images)).toEqual([0, 16, 16, 16])
  // Images in all four are others, and so is what changes.
  expect(new Set(changes.map((c) => c.fromGiven.maxAbsDiff)).size).toBe(4)
})

it('refuses images that nothing is to be measured on', async () => {
  const { status, err } = await kerf('prune', join(folder, 'norm.onnx'), '--ratio', '0.5', '-o', 'x.onnx', ...data)
  expect({ status, err }).toEqual({
    status: 2,
    err: 'kerf: --data, --set tell how to train after the cut: give --finetune, too.\n',
  })
  const epochs = ['--inexact', '--epochs', '3', ...data]
  expect((await kerf('prune', join(folder, 'norm.onnx'), '--ratio', '0.5', '-o', 'x.onnx', ...epochs)).err).toBe(
    'kerf: --epochs tells how to train after the cut: give --finetune, too.\n',
  )
})
