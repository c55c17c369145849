import { expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { GraphBuilder, tensorOf } from '../../graph/index.ts'
import { pruneModel } from '../../prune/index.ts'
import { pruneReport } from '../prune-report.ts'
import { proof } from './proof.ts'

const random = seededRandom(2)
const b = new GraphBuilder('norm', 21)
const floats = (name: string, ...shape: number[]) =>
  b.constant(name, tensorOf('float32', shape, Array.from({ length: shape.reduce((p, d) => p * d, 1) }, random.normal)))
const a = b.node('Conv', [b.input('x', 'float32', [1, 3, 4, 4]), floats('a.w', 8, 3, 1, 1)], {}, { name: 'a' })
const norm = b.node('GroupNormalization', [a, floats('g', 8), floats('h', 8)], { num_groups: 2 }, { name: 'norm' })
b.output(b.node('Conv', [norm, floats('b.w', 2, 8, 1, 1)], {}, { name: 'b' }))
const model = b.model()

it('says of an inexact cut what changes, where, and by how much', async () => {
  const result = pruneModel(model, { scope: { ratio: 0.5 }, inexact: true })
  const { check, change } = await proof(result, { check: true, given: model }, { other: async () => undefined })
  expect(check).toBeNull()
  expect(change?.fromMasked.maxRelDiff).toBeGreaterThan(1e-3)
  expect(change?.fromGiven?.maxRelDiff).toBeGreaterThan(1e-3)
  const { facts, tables } = pruneReport('m', result, { check, change })
  expect(facts.map(([label]) => label)).toEqual(['Groups', 'Cut − masked', 'Cut − given'])
  const table = tables.find((t) => t.title?.startsWith('Inexact'))
  expect(table?.rows).toEqual([['norm', 4, 8, 'GroupNormalization normalises over channels']])
})
