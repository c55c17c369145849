import { profileModel } from 'kerf'
import { buildNet } from 'kerf/nets'
import { expect, it } from 'vitest'
import { blockTable } from './blocks.ts'

const profile = profileModel(buildNet('resnet18'))
const blocks = blockTable(profile)

it('sums what a block holds', () => {
  const at = blocks.paths.indexOf('layer3/0')
  const inside = profile.layers.filter((l) => l.name.startsWith('layer3.0.'))
  expect(blocks.layers[at]).toBe(inside.length)
  expect(blocks.counts.macs[at]).toBe(inside.reduce((sum, l) => sum + l.macs!, 0))
  expect(blocks.counts.accesses[at]).toBe(inside.reduce((sum, l) => sum + l.reads! + l.writes!, 0))
  expect(profile.layers[blocks.first[at]!]).toBe(inside[0])
})

it('has every layer in the outermost blocks, and each block before those in it', () => {
  const outer = [...blocks.depths.keys()].filter((i) => blocks.depths[i] === 1)
  expect(outer.reduce((sum, i) => sum + blocks.counts.params[i]!, 0)).toBe(profile.totals.params)
  for (const i of outer)
    expect([...blocks.depths.slice(i + 1, i + 1 + blocks.inside[i]!)].every((depth) => depth > 1)).toBe(true)
  expect(outer.reduce((sum, i) => sum + 1 + blocks.inside[i]!, 0)).toBe(blocks.names.length)
})
