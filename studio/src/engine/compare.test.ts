import { compareProfiles, namePattern, profileModel, pruneModel } from 'kerf'
import { buildNet } from 'kerf/nets'
import { expect, it } from 'vitest'
import { comparisonTable, countOther } from './compare.ts'

const before = profileModel(buildNet('resnet20'))
const { model } = await pruneModel(buildNet('resnet20'), { scope: { ratio: 0.5 }, keep: [namePattern('layer3*')] })
const after = profileModel(model)

it('has the numbers of the comparison, and says which layers differ', () => {
  const table = comparisonTable(before, after)
  const { layers, totals } = compareProfiles(before, after)
  expect(table.totals).toEqual(totals)
  expect([...table.counts.macs.b]).toEqual(layers.map((l) => l.macs.b))
  const conv = table.names.indexOf('layer1.0.conv1')
  expect([table.channels.a[conv], table.channels.b[conv]]).toEqual([16, 8])
  expect(table.differs[conv]).toBe(1)
  const same = layers.findIndex((l) => l.a && l.b && l.macs.a === l.macs.b && l.accesses.a === l.accesses.b)
  expect(table.differs[same]).toBe(0)
  expect(table.rows[conv]).toBe(before.layers.findIndex((l) => l.name === 'layer1.0.conv1'))
})

it('finds layers that only one of them has', () => {
  const table = comparisonTable(before, profileModel(buildNet('resnet32')))
  const only = [...table.rows.keys()].filter((i) => table.rows[i] === -1)
  expect(only.length).toBeGreaterThan(0)
  for (const i of only) expect([table.counts.macs.a[i], table.differs[i]]).toEqual([Number.NaN, 1])
})

it('counts the other network for the sizes that were given', () => {
  const larger = countOther(buildNet('resnet20'), 'b', { inputs: { input: [2, 3, 32, 32] } })
  expect(larger.totals.macs).toBe(2 * before.totals.macs)
  expect(countOther(buildNet('resnet20'), 'b', { inputs: { image: [2, 3, 32, 32] } }).totals.macs).toBe(
    larger.totals.macs,
  )
})
