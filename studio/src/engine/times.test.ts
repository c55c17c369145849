import { profileModel } from 'kerf'
import { buildNet } from 'kerf/nets'
import { createSession } from 'kerf/runtime'
import { feedsToTime, runLayers } from 'kerf/workflow'
import { expect, it } from 'vitest'
import { boundMs, timesOfRows } from './times.ts'

const model = buildNet('lenet5_bn')
const shapes = new Map(profileModel(model).inputs.map(({ name, shape }) => [name, shape as number[]]))

it('puts the time of every part at the row of its first node', async () => {
  await using session = await createSession(model)
  const parts = runLayers(model, shapes, await session.profile(feedsToTime(model, shapes), 0.05))
  const timed = parts.filter(({ nodes }) => nodes.length > 0)
  for (const fused of [false, true]) {
    const profile = profileModel(model, { fused })
    const times = timesOfRows(profile, parts)
    const sum = (values: Iterable<number>) => [...values].reduce((s, v) => s + (Number.isNaN(v) ? 0 : v), 0)
    expect(sum(times)).toBeCloseTo(sum(timed.map((part) => part.timeMs)), 9)
    const first = timed[0]!
    const row = profile.layers.findIndex(({ name, members = [name] }) => members.includes(first.nodes[0]!))
    expect(times[row]).toBeGreaterThanOrEqual(first.timeMs)
  }
})

it('leaves what runs as part of another without a time', () => {
  const { layers } = profileModel(model)
  const [first, second] = layers
  const part = { nodes: [first!.name, second!.name], timeMs: 3 }
  expect([...timesOfRows({ layers: layers.slice(0, 3) }, [part])]).toEqual([3, Number.NaN, Number.NaN])
})

it('bounds time by arithmetic or by memory', () => {
  const limits = { threads: 1, macsPerSecond: 1e9, bytesPerSecond: 1e8 }
  expect(boundMs(limits, 2e6, 1e4)).toBe(2)
  expect(boundMs(limits, 2e6, 1e6)).toBe(10)
})
