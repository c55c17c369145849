// Structures that pruning once died of or refused for a wrong reason: the right widths, and masked = cut on Kerf's own runtime.

import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Model } from '../src/graph/index.ts'
import { readModelFile } from '../src/onnx/index.node.ts'
import { pruneModel } from '../src/prune/index.ts'
import { hostTensor, referenceRun } from '../src/runtime/index.ts'
import { randomTensor } from '../src/testing/ort.ts'
import { describeShared, sharedPath } from '../src/testing/shared.ts'

const model = (name: string): Model => readModelFile(sharedPath('cases', name, 'model.onnx'))
const halved = async (name: string, shape: readonly number[], more: Partial<Parameters<typeof pruneModel>[1]> = {}) => {
  const result = await pruneModel(model(name), { scope: { ratio: 0.5 }, inputs: new Map([['x', shape]]), ...more })
  const x = hostTensor('float32', [...shape], randomTensor(shape, 3).data as Float32Array)
  const [masked, cut] = [result.masked!, result.model].map((m) => [...referenceRun(m, new Map([['x', x]])).values()])
  const [a, b] = [masked, cut].map((outputs) => outputs?.[0]?.data as Float32Array) as [Float32Array, Float32Array]
  const largest = a.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
  expect(largest).toBeGreaterThan(0)
  expect(a.reduce((m, v, i) => Math.max(m, Math.abs(v - b[i]!)), 0)).toBeLessThan(1e-5 * largest)
  return result
}
const widths = ({ groups }: Awaited<ReturnType<typeof pruneModel>>) =>
  Object.fromEntries(groups.map((g) => [g.name, `${g.channels}→${g.kept}`]))

describeShared('cases of pruning', () => {
  const name = 'reports/42-dynamic-qkv'
  if (!existsSync(sharedPath('cases', name))) {
    it.skip('(skipped: there is no ../shared/cases)', () => {})
    return
  }

  it('BatchNormalization with running outputs, by the batch', async () => {
    expect(widths(await halved('reports/34-training-export', [4, 1, 16, 16]))).toEqual({
      '/a/Conv': '16→8',
      '/b/Conv': '16→8',
    })
    expect(widths(await halved('reports/61-bn-no-stats', [1, 3, 8, 8]))).toEqual({
      '/a/Conv': '16→8',
      '/b/Conv': '12→6',
    })
  })

  it('a size read off the trunk shapes the result of attention, which stays', async () => {
    expect(widths(await halved(name, [2, 3, 6, 5]))).toEqual({ '/a/Conv': '8→4' })
    // The batch and the image stay open.
    const { model: cut } = await halved('reports/54b-restormer-dyn', [1, 3, 8, 8])
    const again = await pruneModel(cut, { scope: { ratio: 0.5 }, inputs: new Map([['x', [2, 3, 6, 4]]]) })
    expect(again.after.macs).toBeLessThan(again.before.macs)
  })

  it('calls of a function are inlined, and each call has its own width', async () => {
    const result = await halved('reports/47b-function', [1, 3, 8, 8])
    expect(Object.values(widths(result))).toEqual(['16→8', '12→6'])
    expect(result.before.macs).toBe(138_360)
    expect(result.model.functions).toEqual([])
  })

  it('ratios within groups take no fewer than asked: 3 of each 8', async () => {
    const { groups } = await pruneModel(model('real/grouped-rounding'), { scope: { ratio: 0.3 } })
    expect(groups.map((g) => [g.channels, g.kept])).toContainEqual([104, 65])
  })

  it('says which method would find channels', async () => {
    await expect(pruneModel(model('real/prune-hint-neuron'), { scope: { ratio: 0.5 } })).rejects.toThrow(
      /^No channels of the model can be removed\. stem: .*ReduceMean combines the channels on axis 3, as part of LayerNorm written out\. --method filter,neuron would find 1 group; --inexact would find 1 group\.$/,
    )
    await expect(pruneModel(model('reports/11-cbam'), { scope: { ratio: 0.5 } })).rejects.toThrow(
      /^Nothing would be removed: 1 group can be cut, with one channel each, which stays\..*--method filter,neuron would find \d groups?; --inexact would find \d groups?\.$/,
    )
  })

  it('says that a quantised network is pruned before it is quantised', async () => {
    const quantised = model('real/dynamic-quantised-no-kernel')
    await expect(pruneModel(quantised, { methods: ['filter', 'neuron'], scope: { ratio: 0.5 } })).rejects.toThrow(
      /The network is quantised: prune the one that it was made of, and quantise after\.$/,
    )
  })

  it('warns where much less goes than was asked for', async () => {
    const { warnings } = await pruneModel(model('reports/11-cbam'), {
      methods: ['filter', 'neuron'],
      scope: { ratio: 0.5 },
    })
    expect(warnings).toEqual([expect.stringMatching(/^Much less goes than was asked for: 2 of \d+ channels/)])
  })
})
