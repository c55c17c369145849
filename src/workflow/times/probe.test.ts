import { describe, expect, it } from 'vitest'
import type { Model } from '../../graph/index.ts'
import { nets } from '../../nets/index.ts'
import { networkToTime } from '../../prune/index.ts'
import { hostValues, openSession } from '../../runtime/index.ts'
import { probeOf } from './probe.ts'
import { feedsToTime } from './runtimes.ts'

const networks = {
  mobilenet_v2: () => nets.mobilenet_v2({ batch: 1, inputSize: 32, classes: 10 }),
  resnet20: () => nets.resnet20({ batch: 1, inputSize: 8 }),
}

async function outputsOf(model: Model): Promise<Float64Array[]> {
  const session = await openSession(model, { threads: 1 }, {})
  try {
    return Object.values(await session.run(feedsToTime(model))).map(hostValues)
  } finally {
    await session.dispose()
  }
}

describe('the networks that tell the time of a layer', () => {
  it.each(Object.entries(networks))('make it so many times more: %s', async (_, make) => {
    const { analysis, layers } = networkToTime(make(), {})
    const counts = layers.map(({ unit, ...work }) => {
      const { more, less, copies } = probeOf(analysis, unit, work)
      const [op] = unit.nodes
      const made = (model: Model) => model.graph.nodes.filter((n) => n.opType === op!.opType).length
      return { made: made(more) - made(less), copies, weights: more.graph.initializers.size }
    })
    expect(counts.length).toBeGreaterThan(20)
    for (const { made, copies } of counts) expect(made).toBe(copies)
    // Convolutions have weights, each copy its own; a pooling has none.
    expect(counts.some((c) => c.weights > 2 * c.copies)).toBe(true)
  })

  it('of one input give the same in each copy, as the layer does', async () => {
    const { analysis, layers } = networkToTime(networks.mobilenet_v2(), {})
    for (const { unit, ...work } of layers.filter((_, i) => i % 9 === 1)) {
      const { more, less, copies } = probeOf(analysis, unit, work)
      const [one] = await outputsOf(less)
      const all = await outputsOf(more)
      expect(all).toHaveLength(copies + 1)
      expect(one!.some((v) => v !== 0)).toBe(true)
      for (const copy of all) expect(copy).toEqual(one)
    }
  })
})
