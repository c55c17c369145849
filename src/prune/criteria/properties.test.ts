import { describe, expect, it } from 'vitest'
import { seededRandom, seedFrom } from '../../base/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../../graph/index.ts'
import { createSession, hostTensor } from '../../runtime/index.ts'
import { scoredBatches, scoredImages, scoredNetwork, scoredShape, scoredWeights } from '../../testing/scored-network.ts'
import { withCrossEntropy } from '../../train/index.ts'
import {
  type Criterion,
  criteria,
  criterionOf,
  outputLoss,
  type ScoredGroup,
  type ScoreOptions,
  type ScoringImages,
  scoreChannels,
} from '../index.ts'
import { contributions, orderOf, signedWeights } from './thinet.ts'

const methods = ['filter', 'neuron'] as const
const scored = (model: Model, options: ScoreOptions) =>
  scoreChannels(model, { methods, images: scoredBatches(4), loss: withCrossEntropy, ...options })

/** New places of the six channels of `p` (read by m's first six) and of the eight of the residual sum. */
const six = [4, 2, 0, 5, 1, 3]
const eight = [3, 7, 1, 0, 6, 2, 5, 4]

type Weights = ReturnType<typeof scoredWeights>

/** With the slices of a tensor's axis in another order: at place i stands what was at `order[i]`. */
function reordered(weights: Weights, name: string, axis: number, order: readonly number[]): void {
  const { shape, values } = weights.get(name)!
  const inner = shape.slice(axis + 1).reduce((p, d) => p * d, 1)
  const size = shape[axis]!
  const moved = Float32Array.from(values, (_, at) => {
    const [outer, i, rest] = [Math.floor(at / inner / size), Math.floor(at / inner) % size, at % inner]
    return values[(outer * size + (order[i] ?? i)) * inner + rest]!
  })
  weights.set(name, { shape, values: moved })
}

function permuted(): Model {
  const weights = scoredWeights()
  const vectors = (name: string, order: readonly number[]) => {
    for (const part of ['scale', 'shift', 'mean', 'var']) reordered(weights, `${name}.${part}`, 0, order)
  }
  for (const name of ['c1', 'c2', 'dw']) {
    reordered(weights, `${name}.weight`, 0, eight)
    vectors(name, eight)
  }
  for (const name of ['c2', 'p', 'q']) reordered(weights, `${name}.weight`, 1, eight)
  reordered(weights, 'p.weight', 0, six)
  vectors('p', six)
  reordered(weights, 'm.weight', 1, six)
  return scoredNetwork(weights)
}

describe('permuting the channels of a group permutes its scores', () => {
  // What random draws has nothing to do with the channels; bn-scale has nothing to say of q.
  const others = criteria.filter((c) => c.name !== 'random')
  it.each(others.map((c) => c.name))('%s', async (criterion) => {
    const keep =
      criterion === 'bn-scale'
        ? ['q', 'g', 'h', 'f1'].map((name) => ({ text: name, matches: (s: string) => s === name }))
        : []
    const options = { criterion, keep }
    const [before, after] = [await scored(scoredNetwork(), options), await scored(permuted(), options)]
    for (const [name, order] of [
      ['p', six],
      ['c1', eight],
    ] as const) {
      // What reads the residual sum makes it, too: its outputs get other signs.
      if (criterion === 'thinet' && name === 'c1') continue
      const [a, b] = [before, after].map((all) => all.find((g) => g.name === name)!.scores) as [number[], number[]]
      const most = Math.max(...a.map(Math.abs))
      expect(new Set(a.map((s) => s.toPrecision(4))).size, 'scores that differ').toBeGreaterThan(
        criterion === 'hrank' || criterion === 'fisher-bytes' ? 1 : 3,
      )
      b.forEach((score, i) => {
        expect(Math.abs(score - a[order[i]!]!)).toBeLessThan(2e-4 * most + 1e-6)
      })
    }
  })
})

describe('how images come', () => {
  it.each(['mean-activation', 'taylor', 'taylor-activation', 'fisher', 'obd', 'hrank'])(
    'says nothing to %s: batches of six, four, two and one',
    async (criterion) => {
      const all = [6, 4, 2, 1].map((size) => scored(scoredNetwork(), { criterion, images: scoredBatches(size) }))
      const [first, ...more] = (await Promise.all(all)).map((groups) => groups.flatMap((g) => g.scores))
      const most = Math.max(...first!)
      for (const scores of more)
        for (const [i, s] of scores.entries()) expect(Math.abs(s - first![i]!)).toBeLessThan(1e-5 * most)
    },
  )

  it('may be wrong, which is an error that says what to give', async () => {
    const model = scoredNetwork()
    const images = scoredBatches(4)
    const of = (
      change: (batch: { images: Float32Array; targets?: Float32Array; count: number }) => object,
    ): ScoringImages => ({
      ...images,
      batches: (async function* () {
        for await (const batch of images.batches) yield { ...batch, ...change(batch) }
      })(),
    })
    const none = { ...images, batches: (async function* () {})() }
    await expect(scored(model, { criterion: 'apoz', images: undefined })).rejects.toMatchObject({
      code: 'no-images',
      message: 'The criterion apoz looks at images: give some (--data, or the option images).',
    })
    for (const criterion of ['apoz', 'taylor', 'thinet', 'oracle'])
      await expect(scored(model, { criterion, images: none }), criterion).rejects.toMatchObject({ code: 'no-images' })
    let batch = 0
    const broken = of(({ images }) =>
      batch++ === 1 ? { images: images.map((v, i) => (i === 200 ? Number.NaN : v)) } : {},
    )
    await expect(scored(model, { criterion: 'apoz', images: broken })).rejects.toMatchObject({
      code: 'not-finite',
      message: expect.stringMatching(/^Image 6 holds NaN or infinite values/),
      details: { image: 5 },
    })
    await expect(scored(model, { criterion: 'taylor', loss: undefined })).rejects.toMatchObject({
      code: 'no-loss',
      message: expect.stringMatching(/--loss labels, or the option loss: withCrossEntropy/),
    })
    await expect(scored(model, { criterion: 'fisher', loss: undefined })).rejects.toThrow(
      '--loss outputs, or loss: outputLoss',
    )
    const unlabelled = of(() => ({ targets: undefined }))
    await expect(scored(model, { criterion: 'taylor', images: unlabelled })).rejects.toMatchObject({
      code: 'no-labels',
    })
    const fourClasses = of(({ count }) => ({ targets: new Float32Array(4 * 4).fill(0.25), count }))
    await expect(scored(model, { criterion: 'fisher', images: fourClasses })).rejects.toMatchObject({
      code: 'wrong-classes',
      message: expect.stringMatching(/tells 3 classes apart, the data have 4.*--loss outputs/),
    })
    // Its gradient is 0 where the outputs are their own aim.
    for (const criterion of ['taylor', 'taylor-activation'])
      await expect(scored(model, { criterion, loss: outputLoss }), criterion).rejects.toMatchObject({
        code: 'no-labels',
        message: expect.stringMatching(/which is 0 at the network's own outputs.*--loss labels.*fisher or obd/),
      })
  })
})

/** What a session says of a value of the network. */
async function resultOf(model: Model, name: string): Promise<{ data: number[]; shape: readonly number[] }> {
  const session = await createSession({ ...model, graph: { ...model.graph, outputs: [{ name, type: undefined }] } })
  for await (const { images } of scoredBatches(scoredImages).batches) {
    const { [name]: value } = await session.run({ x: hostTensor('float32', [scoredImages, ...scoredShape], images) })
    session.dispose()
    return { data: Array.from(value!.data, Number), shape: value!.shape }
  }
  throw new Error('no images')
}

describe('directions of the outputs', () => {
  it('give fisher of the last layer by its own formula', async () => {
    const model = scoredNetwork()
    const seed = 5
    const [group] = (await scored(model, { criterion: 'fisher', loss: outputLoss, seed })).slice(-1)
    const relu = model.graph.nodes.find(
      (n) => n.inputs[0] === model.graph.nodes.find((m) => m.name === 'f1')!.outputs[0],
    )!
    const { data: a } = await resultOf(model, relu.outputs[0]!)
    const { uniform } = seededRandom(seedFrom(seed, 'directions'))
    const t = Array.from({ length: scoredImages * 3 }, () => (uniform() < 0.5 ? -1 : 1))
    const w = scoredWeights().get('f2.weight')!.values
    const wanted = [0, 1, 2, 3, 4, 5].map((c) => {
      let sum = 0
      for (let n = 0; n < scoredImages; n++) {
        const g = [0, 1, 2].reduce((s, k) => s + t[3 * n + k]! * w[6 * k + c]!, 0)
        sum += (a[6 * n + c]! * g) ** 2
      }
      return sum
    })
    expect(group!.name).toBe('f1')
    for (const [c, s] of group!.scores.entries()) expect(s).toBeCloseTo(wanted[c]!, 3)
  })

  it('follow from the seed', async () => {
    const of = async (seed: number) =>
      (await scored(scoredNetwork(), { criterion: 'obd', loss: outputLoss, seed })).flatMap((g) => g.scores)
    const [first, again, other] = [await of(1), await of(1), await of(2)]
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
  })
})

describe('thinet', () => {
  /** What each channel adds to each place of a layer, its outputs summed up with signs, of all images. */
  async function seen(node: string, signOf: (output: number) => number) {
    const all: { data: Float64Array[]; channels: number } = { data: [], channels: 0 }
    const look: Criterion = {
      ...{ name: 'look', formula: '', source: '', needs: 'images' },
      async score({ groups, batches, weights, weightedSum }) {
        const layer = groups.flatMap((g: ScoredGroup) => g.readers).find((l) => l.node === node)!
        const sum = weightedSum(layer)
        const signs = Array.from({ length: sum.groups * sum.outChannels }, (_, o) => signOf(o))
        const added = signedWeights(sum, weights(layer), signs)
        for await (const batch of batches([layer], { what: ['activations'] })) {
          const { data, images, channels, plane } = batch.activations(layer)
          const area = plane.reduce((p, d) => p * d, 1)
          all.channels = channels
          for (let n = 0; n < images; n++)
            for (let place = 0; place < sum.places; place++)
              all.data.push(contributions(sum, sum.sources(), added, data.subarray(n * channels * area), area, place))
        }
        return new Map(groups.map((g) => [g, new Float64Array(g.channels)]))
      },
    }
    await scored(scoredNetwork(), { criterion: look, images: scoredBatches(scoredImages) })
    return all
  }

  /** The network with nothing but one channel of what a layer reads, and no bias. */
  function alone(node: string, keeps: (at: number, shape: readonly number[]) => boolean): Model {
    const weights = scoredWeights()
    const { shape, values } = weights.get(`${node}.weight`)!
    weights.set(`${node}.weight`, { shape, values: values.map((v, i) => (keeps(i, shape) ? v : 0)) })
    const bias = weights.get(`${node}.bias`)
    if (bias) weights.set(`${node}.bias`, { ...bias, values: bias.values.map(() => 0) })
    return scoredNetwork(weights)
  }

  // Ordinary with a stride, grouped, grouped behind a shuffle, grouped and transposed, linear. Of each, which weights read channel 5 (of linear layers: 2).
  const layers: readonly [string, number, (at: number, shape: readonly number[]) => boolean][] = [
    ['m', 5, (at, [, c]) => at % c! === 5],
    ['g', 5, (at, [, c]) => Math.floor(at / 9 / c!) >= 4 && Math.floor(at / 9) % c! === 1],
    ['h', 5, (at, [, c]) => Math.floor(at / c!) >= 4 && at % c! === 1],
    ['t', 5, (at, [, c]) => Math.floor(at / 4 / c!) === 5],
    ['f1', 2, (at, [, c]) => at % c! === 2],
  ]
  it.each(layers)(
    'sees what each channel adds to %s: the sum of its outputs with signs',
    async (node, channel, keeps) => {
      const signOf = (output: number) => (output % 3 === 1 ? -1 : 1)
      const { data, channels } = await seen(node, signOf)
      const model = alone(node, keeps)
      const { data: y, shape } = await resultOf(model, model.graph.nodes.find((n) => n.name === node)!.outputs[0]!)
      const [images, outputs] = [shape[0]!, shape[1]!]
      const area = y.length / images / outputs
      expect(data.length).toBe(images * area)
      expect(data[0]!.length).toBe(channels)
      const found = data.map((of) => of[channel]!)
      expect(Math.max(...found.map(Math.abs))).toBeGreaterThan(1e-3)
      found.forEach((value, i) => {
        let sum = 0
        for (let o = 0; o < outputs; o++)
          sum += signOf(o) * y[(Math.floor(i / area) * outputs + o) * area + (i % area)]!
        expect(Math.abs(value - sum)).toBeLessThan(1e-4)
      })
    },
  )

  it('lets go first the set that adds least, one channel at a time, as brute force does', () => {
    const random = seededRandom(3)
    const [samples, n] = [9, 6]
    const x = Array.from({ length: samples }, () => Array.from({ length: n }, random.normal))
    const gram = Float64Array.from({ length: n * n }, (_, at) =>
      x.reduce((s, row) => s + row[Math.floor(at / n)]! * row[at % n]!, 0),
    )
    const gone: number[] = []
    while (gone.length < n) {
      const cost = (c: number) => x.reduce((s, row) => s + [...gone, c].reduce((sum, j) => sum + row[j]!, 0) ** 2, 0)
      const left = Array.from({ length: n }, (_, c) => c).filter((c) => !gone.includes(c))
      gone.push(left.reduce((a, b) => (cost(b) < cost(a) ? b : a)))
    }
    const places = orderOf(gram, n)
    expect([...places.keys()].sort((a, b) => places[a]! - places[b]!)).toEqual(gone)
  })

  it('takes weights that are stored the other way round for what they are', async () => {
    const network = (isTurned: boolean) => {
      const b = new GraphBuilder('turned')
      const random = seededRandom(1)
      const draw = (count: number) => Float32Array.from({ length: count }, random.normal)
      const x = b.input('x', 'float32', ['N', ...scoredShape])
      const first = b.node('MatMul', [x, b.constant('a.w', tensorOf('float32', [8, 4], draw(32)))], {}, { name: 'a' })
      const values = draw(8)
      const turned = values.map((_, i) => values[(i % 2) * 4 + Math.floor(i / 2)]!)
      const weight = isTurned
        ? b.node('Transpose', [b.constant('b.w', tensorOf('float32', [2, 4], values))], { perm: [1, 0] })
        : b.constant('b.w', tensorOf('float32', [4, 2], turned))
      b.output(b.node('MatMul', [first, weight], {}, { name: 'b' }))
      return scored(b.model(), { images: { ...scoredBatches(4) }, criterion: 'thinet' })
    }
    expect(await network(true)).toEqual(await network(false))
  })
})

it('lamp compares layers, and says so where each has its ratio', async () => {
  const { pruneModel } = await import('../index.ts')
  const asked = { criterion: criterionOf('lamp'), methods: ['filter' as const] }
  await expect(pruneModel(scoredNetwork(), { ...asked, scope: { ratio: 0.25 } })).rejects.toMatchObject({
    code: 'bad-options',
    message: expect.stringMatching(/--global, or the option scope.global/),
  })
  const { groups } = await pruneModel(scoredNetwork(), { ...asked, scope: { ratio: 0.25, global: true } })
  expect(groups.some((g) => g.kept < g.channels)).toBe(true)
})
