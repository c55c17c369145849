import { modelBytes, readModel } from 'kerf'
import { buildNet } from 'kerf/nets'
import { pruneModel } from 'kerf/prune'
import { expect, it } from 'vitest'
import { cutAgain } from './cut-again.ts'
import type { CutRecord } from './cut-record.ts'

const wish: CutRecord['wish'] = {
  ...{ kinds: ['filter', 'neuron'], criterion: 'l1', loss: 'labels', global: true, widths: {}, locked: [] },
  amount: { of: 'macs', part: 0.4 },
}

it.each(['resnet20', 'mobilenet_v2', 'squeezenet1_1'] as const)('cuts %s as it was cut, to the bit', async (name) => {
  const given = buildNet(name)
  const result = await pruneModel(given, {
    ...{ methods: wish.kinds, criterion: 'l1', target: { of: 'macs', part: 0.4, scope: { global: true } } },
  })
  const record: CutRecord = {
    ...{ wish, inputs: {}, warnings: [], proof: {}, trained: [], bearing: [] },
    survivors: Object.fromEntries([...result.survivors].map(([group, stays]) => [group, [...stays]])),
  }
  const [before, after] = [given, result.model].map((model) => readModel(modelBytes(model).slice()))
  const again = await cutAgain(before!, record, after)
  expect([...again.survivors]).toEqual([...result.survivors])
  expect(again.groups.some(({ kept, channels }) => kept < channels)).toBe(true)
  // Another network behind the cut is told.
  await expect(cutAgain(before!, record, before)).rejects.toMatchObject({ code: 'bad-session' })
})
