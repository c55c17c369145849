import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { readModel } from 'kerf'
import { imagesFromIdx, splitSet } from 'kerf/data'
import { pruneModel, recover } from 'kerf/prune'
import { imagesFor, QualityJudge, spread } from 'kerf/workflow'
import { describe, expect, it } from 'vitest'
import { type PruneWithinOptions, pruneWithin } from './prune-within.ts'

const read = (name: string) => readFileSync(`examples/digits/${name}`)
const idx = (name: string) => ({ name, bytes: new Uint8Array(gunzipSync(read(`${name}-ubyte.gz`))) })
const lenet = readModel(new Uint8Array(read('lenet5.onnx')))
const digits = imagesFromIdx(idx('train-images-idx3'), idx('train-labels-idx1'))
const { rest, part: held } = splitSet(spread(digits, 100), 0.3, 0, 'validation')
const [images, fit] = [imagesFor(lenet, held, []), imagesFor(lenet, rest, [])]
const options = (more: Partial<PruneWithinOptions> = {}): PruneWithinOptions => ({
  ...{ images, fit, limit: { outputError: 0.1 }, prune: { methods: ['filter'], target: { of: 'macs' } } },
  ...more,
})

describe('pruneWithin', () => {
  it.each<PruneWithinOptions['limit']>([{ outputError: 0.2 }, { maxDrop: 0.05 }])(
    'cuts as far as %j allows: a hundredth more loses more',
    async (limit) => {
      const { result, part, quality, given } = await pruneWithin(lenet, options({ limit }))
      const judge = await QualityJudge.of(lenet, images)
      expect(given).toEqual(judge.given)
      expect(quality).toEqual(await judge.judge((await recover(result, { images: fit })).model))
      const lost = (q: typeof quality) => (limit.outputError ? q.outputError : given.accuracy! - q.accuracy!)
      const most = limit.outputError ?? limit.maxDrop!
      expect(lost(quality)).toBeLessThanOrEqual(most + 1e-9)
      expect(part).toBeLessThan(1)
      const at = (p: number) => pruneModel(lenet, { methods: ['filter'], target: { of: 'macs', part: p } })
      expect((await at(part)).after).toEqual(result.after)
      const further = await recover(await at(part - 0.01), { images: fit })
      expect(lost(await judge.judge(further.model))).toBeGreaterThan(most)
    },
  )

  it('measures what the outputs lose once for all cuts, and cuts as by itself', async () => {
    const known = new Map<string, number>()
    const prune = { methods: ['filter'], images: fit, target: { of: 'macs', allocate: 'outputs', known } } as const
    const { result, part } = await pruneWithin(lenet, options({ limit: { outputError: 0.3 }, prune }))
    const before = known.size
    expect(before).toBeGreaterThan(4)
    const target = { of: 'macs', allocate: 'outputs', part } as const
    const alone = await pruneModel(lenet, { methods: ['filter'], images: fit, target })
    expect(alone.groups).toEqual(result.groups)
    expect(known.size).toBe(before)
  })

  it('says what is already lost by the smallest cut, and what is no limit', async () => {
    await expect(pruneWithin(lenet, options({ fit: undefined, limit: { outputError: 0 } }))).rejects.toMatchObject({
      code: 'too-much-lost',
      message: expect.stringMatching(/already by the smallest cut that was tried the outputs are off by [\d.]+ %/),
    })
    for (const limit of [{}, { outputError: 0.1, maxDrop: 0.1 }, { maxDrop: 1 }])
      await expect(pruneWithin(lenet, options({ limit }))).rejects.toMatchObject({ code: 'bad-options' })
  })

  it('stops', async () => {
    const controller = new AbortController()
    const progress = () => controller.abort()
    await expect(pruneWithin(lenet, options(), { signal: controller.signal, progress })).rejects.toMatchObject({
      code: 'aborted',
    })
  })
})
