import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { profileModel } from '../../cost/index.ts'
import { openData } from '../../data/index.node.ts'
import { type DataSets, generatedImages, type ImageSet, imagesFromArrays, splitSet, subset } from '../../data/index.ts'
import { GraphBuilder } from '../../graph/index.ts'
import { modelBytes, readModelFile } from '../../onnx/index.node.ts'
import { nodeRuntime } from '../../runtime/index.node.ts'
import { hostTensor } from '../../runtime/index.ts'
import { abortedAfter } from '../../testing/aborting.ts'
import { tinyNet } from '../../testing/tiny-images.ts'
import { weightsFor } from '../../testing/weights.ts'
import { evaluate } from '../../train/index.node.ts'
import { evaluationLoader, spread } from '../images.ts'
import { type SlimMemory, type SlimOptions, type SlimStage, slim as slimInCore, slimInFolder } from '../index.node.ts'
import { qualityValue } from '../quality.ts'
import type { TimingRuntime } from '../times/runtimes.ts'
import { slim } from './slim.ts'

let folder: string
let digits: DataSets
const lenet = readModelFile('examples/digits/lenet5.onnx')
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-slim-'))
  digits = await openData({ kind: 'mnist', path: 'examples/digits' })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Nothing is timed: a time is its place among those that were asked for. */
function fakeTimes(): SlimMemory & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    async value<T>(name: string) {
      asked.push(name)
      return [asked.length, asked.length] as T
    },
    network: (_, make) => make(),
  }
}

/** A machine that needs a nanosecond for each MAC, and something besides; `noise` is what its clock is off by, differently each time. */
function fakeMachine(noise = 0): TimingRuntime {
  let runs = 0
  return {
    on: { runtime: 'fake', version: '1', threads: 1, machine: 'none' },
    time: async (all) =>
      all.map(({ model, feeds }) => {
        const inputs = new Map(Object.entries(feeds).map(([name, t]) => [name, t.shape]))
        const { macs, accesses } = profileModel(model, { inputs }).totals
        return (1e-4 + 1e-6 * macs + 1e-8 * accesses) * (1 + noise * Math.sin(++runs))
      }),
  }
}

const tiny = generatedImages({ seed: 1, size: 8, classes: 3, channels: 1, trainImages: 64, testImages: 12 })
const model = tinyNet({ channels: 8 })
/** For an untrained network: agreement with it. */
const small = (more: Partial<SlimOptions> = {}): SlimOptions => ({
  ...{ images: tiny.train, labels: false, targetMacs: 0.5, rounds: 2, maxDrop: 0.99, epochs: 1, threads: 1 },
  timing: fakeMachine(),
  ...more,
})

describe('slim', () => {
  it('reaches its target, holds the quality, and says so of images that nothing else has seen', async () => {
    const images = spread(digits.train, 400)
    const memory = fakeTimes()
    const stages: SlimStage[] = []
    const result = await slim(lenet, {
      ...{ images, test: spread(digits.test, 100), targetMacs: 0.6, maxDrop: 0.03, rounds: 2, memory },
      onStage: (s) => stages.push(s),
    })
    const { given, final, target, rounds } = result
    expect(result.ended).toBeUndefined()
    expect(final.totals.macs).toBeLessThanOrEqual(0.6 * given.totals.macs)
    expect(profileModel(result.model).totals.macs).toBe(final.totals.macs)
    expect(target).toEqual({ of: 'macs', before: 416520, limit: 0.6 * 416520, reached: final.totals.macs })
    expect(qualityValue(final.quality)).toBeGreaterThanOrEqual(qualityValue(given.quality) - 0.03)
    // The held-out images are those that the seed draws; evaluating says the same of both networks.
    const held = splitSet(images, 0.25, 0, 'validation').part
    for (const [network, quality] of [
      [lenet, given.quality],
      [result.model, final.quality],
    ] as const)
      expect((await evaluate(network, evaluationLoader(network, held, []))).accuracy).toBe(quality.accuracy)
    expect(result.images).toEqual({ fit: 300, judge: 100 })
    const tested = await evaluate(result.model, evaluationLoader(result.model, spread(digits.test, 100), []))
    expect(result.test?.final.accuracy).toBe(tested.accuracy)
    // Recovery gives back most of what the cut took.
    for (const { steps, recovery } of rounds) {
      expect(qualityValue(steps.recovered)).toBeGreaterThan(qualityValue(steps.cut))
      expect(recovery.map((r) => r.name)).toContain('least-squares')
    }
    expect(final.widths.map((w) => [w.name, w.before])).toEqual([
      ['conv1', 6],
      ['conv2', 16],
      ['conv3', 120],
      ['conv4', 84],
    ])
    expect(final.widths.every((w) => w.after <= w.before)).toBe(true)
    expect(final.refused.map((r) => r.node)).toEqual(['fc'])
    expect(stages[0]).toMatchObject({ kind: 'given', images: { fit: 300, judge: 100 }, timeMs: 1 })
    expect(memory.asked).toEqual(['time-given', ...rounds.map((_, i) => `time-round-${i + 1}`), 'time-final'])
    expect(stages.filter((s) => s.kind === 'round').map((s) => s.round)).toEqual(rounds.map((_, i) => i + 1))
  })

  it('distils where recovery does not suffice, with labels and without', async () => {
    const images = spread(digits.train, 200)
    for (const labels of [true, false]) {
      const seen: Record<string, number> = {}
      const onStage = (s: SlimStage) => {
        seen[s.kind] ??= qualityValue(s.quality)
      }
      const options = { images, labels, targetMacs: 0.35, maxDrop: 0.001, rounds: 1, epochs: 4, memory: fakeTimes() }
      await slim(lenet, { ...options, onStage }).catch((error) => expect(error.code).toBe('too-much-lost'))
      expect(seen.distilled).toBeGreaterThan(seen.cut! + 0.3)
    }
  })

  it('never gives a network that is worse than was allowed: it tries smaller steps, and says why it ended', async () => {
    const options = { images: spread(digits.train, 200), epochs: 0, rounds: 1, memory: fakeTimes() }
    const { final, ended, rounds, given } = await slim(lenet, { ...options, targetMacs: 0.1, maxDrop: 0.1 })
    const floor = qualityValue(given.quality) - 0.1
    expect(rounds.map((r) => r.isGoodEnough)).toContain(false)
    for (const r of rounds) expect(r.isGoodEnough).toBe(qualityValue(r.quality) >= floor)
    expect(final.isGoodEnough).toBe(true)
    expect(ended).toMatch(
      /^The target was not reached: at [\d,]+ MACs accuracy falls from [\d.]+ % to [\d.]+ %, and 10 points may be lost\.$/,
    )
    await expect(slim(lenet, { ...options, targetMacs: 0.1, maxDrop: 0, memory: fakeTimes() })).rejects.toMatchObject({
      code: 'too-much-lost',
      message: expect.stringMatching(
        /^Nothing can be removed at this quality: already at [\d,]+ MACs .*\(--max-drop\)/,
      ),
    })
  })

  it('reaches targets of time and of bytes', async () => {
    const time = async (options: Partial<SlimOptions>) => {
      const { given, final, target } = await slim(model, small({ targetMacs: undefined, ...options }))
      expect(target.of).toBe('milliseconds')
      return final.timeMs / given.timeMs
    }
    for (const ratio of [await time({ faster: 2 }), await time({ faster: 2, timing: fakeMachine(0.02) })]) {
      expect(ratio).toBeLessThan(0.53)
      expect(ratio).toBeGreaterThan(0.42)
    }
    const [whole = 0] = await fakeMachine().time(
      [{ model, feeds: { image: hostTensor('float32', [1, 1, 8, 8], new Array(64).fill(0)) } }],
      1,
    )
    expect(await time({ targetMs: 0.7 * whole })).toBeLessThan(0.73)
    const { given, final } = await slim(model, small({ targetMacs: undefined, smaller: 2 }))
    expect(final.bytes).toBeLessThanOrEqual(given.bytes / 2)
    const tooFast = slim(model, small({ targetMacs: undefined, faster: 1000 }))
    await expect(tooFast).rejects.toMatchObject({ code: 'unreachable-target' })
  })

  it('stops anywhere', async () => {
    for (const times of [1, 4, 12]) await abortedAfter(times, (task) => slim(model, small(), task))
  })

  it.each<[string, Partial<SlimOptions>, RegExp]>([
    ['bad-options', { targetMacs: undefined }, /in one way: faster, targetMs, targetMacs or smaller; received none\./],
    ['bad-options', { faster: 2 }, /received faster and targetMacs\./],
    ['bad-options', { targetMacs: 1.5 }, /targetMacs must be below 1/],
    ['bad-options', { targetMacs: undefined, smaller: 1 }, /smaller must be a number above 1, as in 2\. Received 1\./],
    ['bad-options', { maxDrop: 1 }, /maxDrop is a part of all images/],
    ['bad-options', { rounds: 0 }, /rounds is a whole number/],
    ['bad-options', { epochs: -1 }, /epochs is a whole number/],
    ['bad-options', { heldOut: 1 }, /heldOut is a part of the images/],
    ['unknown-criterion', { criterion: 'l3' }, /l3/],
    ['too-few-images', { images: subset(tiny.train, [0, 1, 2]) }, /^3 images are too few .* at least 20 are needed/],
    ['unreachable-target', { targetMacs: 0.001 }, /remain; 0\.1 % was asked for/],
    [
      'wrong-data',
      { images: generatedImages({ size: 9, channels: 1, trainImages: 40 }).train },
      /The images are 1×9×9/,
    ],
    [
      'wrong-data',
      { images: generatedImages({ size: 8, channels: 3, trainImages: 40 }).train },
      /The images are 3×8×8/,
    ],
    [
      'wrong-classes',
      { images: generatedImages({ size: 8, channels: 1, classes: 4, trainImages: 40 }).train, labels: true },
      /of 4 classes/,
    ],
  ])('refuses with %s %o', async (code, options, message) => {
    await expect(slim(model, small(options))).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  it('takes images without labels, and a network of another kind than a classifier', async () => {
    const pixels = Uint8Array.from({ length: 40 * 64 }, (_, i) => (i * 97 + (i >> 6) * 31) % 256)
    const plain = imagesFromArrays({ images: pixels, labels: new Array(40).fill(0), channels: 1, height: 8, width: 8 })
    const images: ImageSet = { ...plain, classes: [] }
    const { given, final } = await slim(model, small({ images, labels: undefined }))
    expect(given.quality).toEqual({ images: 10, agreement: 1, outputError: 0 })
    expect(final.totals.macs).toBeLessThanOrEqual(0.5 * given.totals.macs)
  })

  it.each([{ targetMacs: 0.5 }, { targetMacs: undefined, faster: 1.3 }])(
    'takes a network whose file leaves the size of images open: %j',
    async (target) => {
      const b = new GraphBuilder('open')
      const weight = weightsFor(b, (i) => Math.sin(i + 1) / 3)
      const x = b.input('x', 'float32', ['N', 1, 'H', 'W'])
      const first = b.node('Relu', [b.node('Conv', [x, weight('a', 8, 1, 3, 3)])])
      const second = b.node('Relu', [b.node('Conv', [first, weight('b', 8, 8, 3, 3)])])
      const flat = b.node('Flatten', [b.node('GlobalAveragePool', [second])])
      b.output(b.node('Gemm', [flat, weight('c', 8, 3)]))
      const { given, final } = await slim(b.model(), small({ ...target, rounds: 1, epochs: 0 }))
      // 36 · 9 · 8 and 16 · 9 · 64 of images of 8 × 8, and the classifier.
      expect(given.totals.macs).toBe(2592 + 9216 + 24)
      expect(final.totals.macs).toBeLessThan(given.totals.macs)
    },
  )
})

describe('slim, kept in a folder', () => {
  const at = (name: string) => ({ folder: join(folder, name) })

  it('stops anywhere, and goes on to the same bits', async () => {
    const whole = await slimInFolder(model, small(), at('whole'))
    const stages: string[] = []
    let resume = false
    for (const stop of ['given', 'cut 1', 'recovered 1', 'round 1', 'cut 2', 'recovered 2']) {
      const controller = new AbortController()
      const onStage = (s: SlimStage) => {
        const name = 'round' in s ? `${s.kind} ${s.round}` : s.kind
        stages.push(name)
        if (name === stop) controller.abort()
      }
      const going = slimInFolder(model, small({ onStage }), { ...at('parts'), resume }, { signal: controller.signal })
      await expect(going).rejects.toMatchObject({ code: 'aborted' })
      resume = true
    }
    const parts = await slimInFolder(modelBytes(model), small(), { ...at('parts'), resume })
    expect(Buffer.compare(modelBytes(parts.model), modelBytes(whole.model))).toBe(0)
    const withoutTimes = (r: typeof whole) => r.rounds.map(({ timeMs: _, ...others }) => others)
    expect(withoutTimes(parts)).toEqual(withoutTimes(whole))
    // Rounds that were complete were not made again, nor measured.
    expect(stages.filter((s) => s === 'cut 1')).toHaveLength(2)
    const again = await slimInFolder(model, small(), { ...at('parts'), resume: true })
    expect(again.rounds).toEqual(parts.rounds)
    expect(readdirSync(join(folder, 'parts')).sort()).toEqual(readdirSync(join(folder, 'whole')).sort())
    expect(existsSync(join(folder, 'parts', '.lock'))).toBe(false)
  })

  it('goes on to the same bits where time decides, though it is measured otherwise each time', async () => {
    const byTime = (seed: number, more: Partial<SlimOptions> = {}) =>
      small({ targetMacs: undefined, faster: 1.8, timing: fakeMachine(0.02 * seed), ...more })
    const whole = await slimInFolder(model, byTime(1), at('timed'))
    const bytes = modelBytes(whole.model)
    const kept = readdirSync(join(folder, 'timed'))
    // What was measured stays; a network that was made is made again.
    for (const name of kept.filter((n) => n.startsWith('round-2.'))) rmSync(join(folder, 'timed', name))
    const again = await slimInFolder(model, byTime(9), { ...at('timed'), resume: true })
    expect(Buffer.compare(modelBytes(again.model), bytes)).toBe(0)
    expect(again.final).toEqual(whole.final)
  })

  it('replaces nothing that it should not, and goes on with nothing else', async () => {
    await expect(slimInFolder(model, small(), at('whole'))).rejects.toMatchObject({ code: 'exists' })
    await expect(slimInFolder(model, small(), { ...at('none'), resume: true })).rejects.toMatchObject({
      code: 'not-found',
    })
    for (const other of [small({ targetMacs: 0.4 }), small({ images: subset(tiny.train, [...Array(60).keys()]) })])
      await expect(slimInFolder(model, other, { ...at('whole'), resume: true })).rejects.toMatchObject({
        code: 'other-run',
      })
    await expect(
      slimInFolder(tinyNet({ channels: 7 }), small(), { ...at('whole'), resume: true }),
    ).rejects.toMatchObject({
      code: 'other-run',
    })
    writeFileSync(join(folder, 'whole', 'mine.txt'), 'mine')
    const replaced = await slimInFolder(model, small({ rounds: 1 }), { ...at('whole'), force: true })
    expect(replaced.rounds).toHaveLength(1)
    expect(readdirSync(join(folder, 'whole')).sort()).toEqual([
      'mine.txt',
      'round-1.json',
      'round-1.onnx',
      'slim.json',
      'time-final.json',
      'time-given.json',
      'time-round-1.json',
    ])
  })

  it('is what the core makes', async () => {
    const [here, there] = [await slim(model, { ...small(), runtime: nodeRuntime }), await slimInCore(model, small())]
    expect(Buffer.compare(modelBytes(here.model), modelBytes(there.model))).toBe(0)
  })
})
