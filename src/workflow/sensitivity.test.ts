import { describe, expect, it } from 'vitest'
import { openData } from '../data/index.node.ts'
import { type ImageSet, imagesFromArrays, splitSet } from '../data/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { readModelFile } from '../onnx/index.node.ts'
import { pruneModel } from '../prune/index.ts'
import { abortedAfter, abortedByTimer } from '../testing/aborting.ts'
import { tinyLoader, tinyNet, tinyShape } from '../testing/tiny-images.ts'
import { evaluate } from '../train/index.ts'
import { evaluationLoader, imagesFor, QualityJudge, qualityValue, sensitivity, spread } from './index.ts'

/** The tiny network's images, in batches of 8 the last of which is not full. */
const tiny = {
  shape: tinyShape,
  batchSize: 8,
  batches: {
    async *[Symbol.asyncIterator]() {
      for await (const { images, targets } of tinyLoader(20, 4, { training: false }).epoch(0)) {
        const filled = (values: Float32Array) => {
          const all = new Float32Array(2 * values.length)
          all.set(values)
          return all
        }
        yield { images: filled(images), targets: filled(targets), count: 4 }
      }
    },
  },
}

/** What cutting one group alone does, measured on the cut network. */
async function bruteForce(model: Model, name: string, ratio: number): Promise<ReturnType<typeof qualityOf>> {
  const only = [{ text: name, matches: (n: string) => n === name, ratio }]
  const cut = await pruneModel(model, { methods: ['filter', 'neuron'], scope: { ratio: 0, perLayer: only } })
  return qualityOf(model, cut.model)
}

const qualityOf = async (model: Model, other: Model) => (await QualityJudge.of(model, tiny)).judge(other)

describe('sensitivity', () => {
  it('is what cutting each group by itself does to the network', async () => {
    const model = tinyNet({ channels: 8 })
    const told: number[] = []
    const groups: unknown[] = []
    const result = await sensitivity(
      model,
      { images: tiny, ratios: [0.25, 0.5, 0.8], onGroup: (group, given) => groups.push([group, given]) },
      {
        progress: ({ what, done, total }) => what === 'measuring groups' && told.push(done, total!),
      },
    )
    expect(result.groups.map((g) => [g.name, g.channels])).toEqual([
      ['conv1', 8],
      ['conv2', 8],
    ])
    expect(groups).toEqual(result.groups.map((group) => [group, result.given]))
    expect(result.refused.map((r) => r.node)).toEqual(['fc'])
    expect(result.given).toMatchObject({ images: 20, agreement: 1, outputError: 0 })
    for (const { name, points } of result.groups) {
      expect(points.map((p) => p.kept)).toEqual([6, 4, 1])
      for (const { ratio, quality } of points) {
        const cut = await bruteForce(model, name, ratio)
        expect(quality).toMatchObject({ accuracy: cut.accuracy, agreement: cut.agreement })
        expect(quality.outputError).toBeCloseTo(cut.outputError, 5)
        expect(cut.outputError).toBeGreaterThan(1e-3)
      }
    }
    expect(told.at(-2)).toBe(told.at(-1))
    expect(told.at(-1)).toBe(2 * 3 * 20)
  })

  it('measures a width once, however many ratios lead to it, and one that takes nothing not at all', async () => {
    const told: number[] = []
    const { groups, given } = await sensitivity(
      tinyNet({ channels: 2 }),
      { images: tiny, ratios: [0.1, 0.4, 0.5, 0.9] },
      { progress: ({ what, total }) => what === 'measuring groups' && told.push(total!) },
    )
    expect(groups[0]?.points.map((p) => p.kept)).toEqual([1, 1, 1, 1])
    expect(new Set(told)).toEqual(new Set([2 * 20]))
    expect(given.images).toBe(20)
  })

  it('of digits: accuracy as evaluating says it, the same with a batch of another size; without labels agreement', async () => {
    const folder = 'examples/digits'
    const model = readModelFile(`${folder}/lenet5.onnx`)
    const { test } = await openData({ kind: 'mnist', path: folder })
    const set = spread(test, 100)
    const ratios = [0.3, 0.6]
    const some = await sensitivity(model, { images: imagesFor(model, set, [], 30), ratios })
    const whole = await sensitivity(model, { images: imagesFor(model, set, [], 100), ratios, labels: false })
    const evaluated = await evaluate(model, evaluationLoader(model, set, []))
    expect(some.given.accuracy).toBe(evaluated.accuracy)
    expect(some.groups.map((g) => g.name)).toEqual(['conv1', 'conv2', 'conv3', 'conv4'])
    for (const [i, { points }] of some.groups.entries())
      for (const [j, { quality }] of points.entries()) {
        const other = whole.groups[i]!.points[j]!.quality
        expect(other.accuracy).toBeUndefined()
        expect(other.agreement).toBe(quality.agreement)
        expect(other.outputError).toBeCloseTo(quality.outputError, 4)
      }
    // The wide layer at the end bears what the first one does not.
    const [first, , , last] = some.groups.map(({ points }) => qualityValue(points[1]!.quality)) as number[]
    expect(last! - first!).toBeGreaterThan(0.3)
  })

  it('stops where it is told to', async () => {
    const model = tinyNet()
    await abortedAfter(3, (task) => sensitivity(model, { images: tiny }, task))
    // Work that takes many turns, on the fastest of machines, too.
    const ratios = Array.from({ length: 120 }, (_, i) => (i + 1) / 128)
    const wide = tinyNet({ channels: 128 })
    await abortedByTimer(0, (task) => sensitivity(wide, { images: tiny, ratios }, task))
  })

  it.each([
    [{ ratios: [] }, 'bad-options', /There is no ratio to try/],
    [{ ratios: [1] }, 'bad-ratio', /must lie between 0 and 1/],
    [{ images: { ...tiny, batches: (async function* () {})() } }, 'no-images', /There are no images to judge/],
    [{ keep: [{ text: '*', matches: () => true }] }, 'nothing-to-prune', /No channels of the model can be removed/],
  ])('refuses %o', async (options, code, message) => {
    await expect(sensitivity(tinyNet(), { images: tiny, ...options })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  })

  it('refuses labels that are not those of the outputs, and takes images without any', async () => {
    const set = (labels: readonly number[], classes: readonly string[]): ImageSet => {
      const images = Uint8Array.from({ length: 4 * 64 }, (_, i) => (i * 37) % 256)
      return { ...imagesFromArrays({ images, labels, channels: 1, height: 8, width: 8 }), classes }
    }
    const model = tinyNet()
    const two = imagesFor(model, set([0, 1, 0, 1], ['a', 'b']), [])
    await expect(sensitivity(model, { images: two })).rejects.toThrow(
      'The images are of 2 classes, the first output of the model is [4,3]. Give data whose labels are the model',
    )
    const none = set([0, 0, 0, 0], [])
    const { given } = await sensitivity(model, { images: imagesFor(model, none, []), ratios: [0.5] })
    expect(given).toEqual({ images: 4, agreement: 1, outputError: 0 })
    // A set without labels is divided, too.
    expect(splitSet(none, 0.25).part.count).toBe(1)
  })

  it('judges outputs that are no numbers per class by their distance alone', async () => {
    const b = new GraphBuilder('map')
    const x = b.input('x', 'float32', ['N', 1, 8, 8])
    const one = b.node('Relu', [
      b.node('Conv', [x, b.constant('a', tensorOf('float32', [2, 1, 1, 1], [1, 2]))], {}, { name: 'a' }),
    ])
    b.output(b.node('Conv', [one, b.constant('b', tensorOf('float32', [1, 2, 1, 1], [3, 2]))], {}, { name: 'b' }))
    const { given, groups } = await sensitivity(b.model(), { images: tiny, labels: false, ratios: [0.5] })
    expect(given).toEqual({ images: 20, outputError: 0 })
    // y = 3 relu(x) + 2 relu(2x): without the first, 4 of 7 remain.
    expect(groups[0]?.points[0]?.quality.outputError).toBeCloseTo(3 / 7, 6)
    expect(qualityValue(groups[0]!.points[0]!.quality)).toBeCloseTo(4 / 7, 6)
  })
})
