// What a training for sparsity has made small, pruning cuts: without a change where it is 0.

import { describe, expect, it } from 'vitest'
import { namePattern } from '../base/index.ts'
import { type Model, tensorValues } from '../graph/index.ts'
import { pruneModel } from '../prune/index.ts'
import { createSession, hostTensor } from '../runtime/index.ts'
import { tinyLoader, tinyNet, tinyShape } from '../testing/tiny-images.ts'
import { tinyTrainer } from '../testing/tiny-trainer.ts'
import type { SparsityOptions } from '../train/index.ts'
import { channelLayout } from './channel-layout.ts'

async function trained(sparsity: SparsityOptions, steps: number): Promise<Model> {
  const { trainer, step, dispose } = await tinyTrainer(tinyNet(), { sparsity, layout: channelLayout })
  for (let i = 0; i < steps; i++) await step()
  await dispose()
  return trainer.model()
}

async function outputsOf(model: Model): Promise<number[]> {
  const session = await createSession(model)
  const { value } = await tinyLoader(8, 8).epoch(0)[Symbol.asyncIterator]().next()
  const outputs = await session.run({ image: hostTensor('float32', [8, ...tinyShape], value.images) })
  await session.dispose()
  return [...(Object.values(outputs)[0]!.data as Float32Array)]
}

describe('pruning behind a training for sparsity', () => {
  it.each<[SparsityOptions & { readonly method: string }]>([
    [{ method: 'growing-regularisation', ratio: 0.5, increment: 0.5, every: 1, end: 5 }],
    [{ method: 'sfp', ratio: 0.5, every: 2, end: 5 }],
  ])('$method: cuts the channels that are 0, and the network gives the same', async (sparsity) => {
    const model = await trained(sparsity, 7)
    const { model: cut, groups } = await pruneModel(model, { scope: { ratio: 0.5 }, criterion: 'l2' })
    expect(groups.map((g) => g.kept)).toEqual([3, 3])
    const [before, after] = [await outputsOf(model), await outputsOf(cut)]
    after.forEach((y, i) => {
      expect(y).toBeCloseTo(before[i]!, 4)
    })
    expect(new Set(before).size).toBeGreaterThan(8)
  })

  it('slimming: by bn-scale, the scales that it has made small', async () => {
    const model = await trained({ method: 'slimming', penalty: 0.5, keep: [namePattern('bn2')] }, 6)
    const scales = (of: Model) => [...tensorValues(of.graph.initializers.get('bn1.weight')!)]
    const { model: cut } = await pruneModel(model, { scope: { ratio: 0.5 }, criterion: 'bn-scale' })
    const sorted = scales(model).toSorted((a, b) => Math.abs(b) - Math.abs(a))
    expect(sorted[0]!).toBeLessThan(0.9)
    expect(scales(cut).toSorted((a, b) => Math.abs(b) - Math.abs(a))).toEqual(sorted.slice(0, 3))
  })
})
