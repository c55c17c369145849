import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../../graph/index.ts'
import { createSession, hostTensor } from '../../runtime/index.ts'
import { tinyLoader, tinyNet, tinyShape } from '../../testing/tiny-images.ts'
import { withCrossEntropy } from '../../train/index.ts'
import {
  type Criterion,
  criteria,
  pruneModel,
  type ScoredBatch,
  type ScoredLayer,
  type ScoringContext,
  type ScoringImages,
} from '../index.ts'
import { rowsOf } from './rows.ts'

const random = seededRandom(4)
const normal = (...shape: number[]) =>
  tensorOf('float32', shape, Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, random.normal))

/** A criterion that ranks by channel number, and looks at what it is given. */
function looking(needs: Criterion['needs'], look: (context: ScoringContext) => void | Promise<void>): Criterion {
  return {
    ...{ name: 'looking', formula: 'c', source: '', needs },
    async score(context) {
      await look(context)
      return new Map(context.groups.map((g) => [g, Array.from({ length: g.channels }, (_, i) => i)]))
    },
  }
}

const loader = tinyLoader(20, 8, { training: false })
const images: ScoringImages = { shape: tinyShape, batchSize: 8, batches: loader.epoch(0) }
const half = { scope: { ratio: 0.5 }, inputs: new Map([['image', [8, ...tinyShape]]]) } as const

/** Every epoch anew. */
const again = (): ScoringImages => ({
  ...images,
  batches: { [Symbol.asyncIterator]: () => loader.epoch(0)[Symbol.asyncIterator]() },
})

describe('criteria', () => {
  it('say what they are', () => {
    const named = (needs: Criterion['needs']) => criteria.filter((c) => c.needs === needs).map((c) => c.name)
    expect(named('weights')).toEqual(['random', 'inverse-l2', 'l1', 'l2', 'group-l2', 'bn-scale', 'fpgm', 'lamp'])
    expect(named('images')).toEqual(['wanda', 'apoz', 'mean-activation', 'hrank', 'chip', 'thinet', 'obs'])
    expect(named('labels')).toEqual(['taylor', 'taylor-activation'])
    expect(named('loss')).toEqual(['fisher', 'fisher-macs', 'fisher-bytes', 'obd', 'oracle'])
    expect(new Set(criteria.map((c) => c.name)).size).toBe(criteria.length)
    expect(new Set(criteria.map((c) => c.formula)).size).toBe(criteria.length)
  })

  it('are given by name or as objects; one that there is not is an error with those that there are', async () => {
    const byName = await pruneModel(tinyNet(), { ...half, criterion: 'l1' })
    const byObject = await pruneModel(tinyNet(), { ...half, criterion: criteria.find((c) => c.name === 'l1')! })
    expect(byObject.model.graph.initializers.get('conv2.weight')?.data.bytes()).toEqual(
      byName.model.graph.initializers.get('conv2.weight')?.data.bytes(),
    )
    await expect(pruneModel(tinyNet(), { ...half, criterion: 'l3' })).rejects.toMatchObject({
      code: 'unknown-criterion',
      message: expect.stringMatching(
        /^There is no criterion "l3". Did you mean "l1"\? There are: random, .*l1, l2.*; or give an object of your own.$/,
      ),
    })
  })

  it('of one’s own decide what goes, and may take their time', async () => {
    const seen: unknown[] = []
    const own = looking('weights', async ({ groups, turn }) => {
      await turn()
      seen.push(...groups.map((g) => [g.name, g.channels, g.layers.map((l) => l.node), g.readers.map((l) => l.node)]))
    })
    const { model } = await pruneModel(tinyNet(), { ...half, criterion: own })
    expect(seen).toEqual([
      ['conv1', 6, ['conv1'], ['conv2']],
      ['conv2', 6, ['conv2'], ['fc']],
    ])
    const given = tinyNet().graph.initializers.get('conv1.weight')!.data.bytes()
    expect(model.graph.initializers.get('conv1.weight')!.data.bytes()).toEqual(given.subarray(given.length / 2))
  })

  it('that give the wrong scores are told so', async () => {
    const wrong = (scores: readonly number[]): Criterion => ({
      ...looking('weights', () => {}),
      score: ({ groups }) => new Map(groups.map((g) => [g, scores])),
    })
    await expect(pruneModel(tinyNet(), { ...half, criterion: wrong([1, 2]) })).rejects.toMatchObject({
      code: 'bad-scores',
      message:
        'The criterion looking gives 2 scores for "conv1", which has 6 to be ranked. It should give one for each.',
    })
    await expect(
      pruneModel(tinyNet(), { ...half, criterion: wrong([1, 2, 3, 4, 5, Number.NaN]) }),
    ).rejects.toMatchObject({
      code: 'not-finite',
    })
    const none = { ...wrong([]), score: () => new Map() }
    await expect(pruneModel(tinyNet(), { ...half, criterion: none })).rejects.toThrow('gives no scores for "conv1"')
  })

  it('without images or a loss, where they need them, are told so, and rank no single weights unless they can', async () => {
    const look = async ({ batches }: ScoringContext) => {
      for await (const _ of batches());
    }
    await expect(pruneModel(tinyNet(), { ...half, criterion: looking('images', look) })).rejects.toMatchObject({
      code: 'no-images',
      message: 'The criterion looking looks at images: give some (--data, or the option images).',
    })
    const loss = pruneModel(tinyNet(), { ...half, criterion: looking('loss', look), images: again() })
    await expect(loss).rejects.toMatchObject({ code: 'no-loss' })
    const weights = pruneModel(tinyNet(), { ...half, methods: ['weight'], criterion: looking('weights', () => {}) })
    await expect(weights).rejects.toThrow(
      'The criterion looking ranks channels, not single weights. For the method weight there are: random, inverse-l2, l1, l2.',
    )
  })

  it('rank the inputs of linear layers, too', async () => {
    const seen: unknown[] = []
    const own = looking('images', async ({ groups, batches, weights }) => {
      for (const { name, channels, layers } of groups)
        seen.push([name, channels, layers.map((l) => weights(l).map((row) => row.length))])
      for await (const batch of batches()) {
        const { images, channels, plane } = batch.activations(groups[0]!.layers[0]!)
        seen.push([images, channels, plane])
      }
    })
    const { groups } = await pruneModel(tinyNet(), { ...half, methods: ['input'], criterion: own, images: again() })
    expect(groups.map((g) => [g.name, g.channels, g.kept])).toEqual([['fc', 6, 3]])
    expect(seen).toEqual([
      ['fc', 6, [[3, 3, 3, 3, 3, 3]]],
      [8, 6, []],
      [8, 6, []],
    ])
  })
})

describe('rows of weights', () => {
  it('hold all that belongs to a channel, whatever its axis', () => {
    const data = Float32Array.from({ length: 24 }, (_, i) => i)
    expect(rowsOf(data, [2, 3, 4], 0).map((r) => [...r])).toEqual([[...data.slice(0, 12)], [...data.slice(12)]])
    expect([...rowsOf(data, [2, 3, 4], 1)[1]!]).toEqual([4, 5, 6, 7, 16, 17, 18, 19])
    expect([...rowsOf(data, [2, 3, 4], 2)[3]!]).toEqual([3, 7, 11, 15, 19, 23])
    // Two blocks of rows, in which the second axis means other channels.
    const grouped = { rows: 0, axis: 1, groups: 2, labels: new Int32Array(6) }
    expect(rowsOf(data.subarray(0, 12), [4, 3], grouped).map((r) => [...r])).toEqual([
      ...[0, 1, 2].map((c) => [c, c + 3]),
      ...[6, 7, 8].map((c) => [c, c + 3]),
    ])
  })

  it('are views where nothing need be moved', () => {
    const data = new Float32Array(12)
    expect(rowsOf(data, [3, 4], 0)[1]!.buffer).toBe(data.buffer)
  })
})

/** What a session says of a value. */
async function resultOf(model: Model, name: string, x: Float32Array): Promise<number[]> {
  const graph = { ...model.graph, outputs: [{ name, type: undefined }] }
  const session = await createSession({ ...model, graph })
  const { [name]: value } = await session.run({ image: hostTensor('float32', [8, ...tinyShape], x) })
  session.dispose()
  return Array.from(value!.data, Number)
}

describe('what images do', () => {
  it('is what comes out behind the activation function, and what readers read', async () => {
    const model = tinyNet()
    const relu = model.graph.nodes.find((n) => n.name === 'relu1')!.outputs[0]!
    const flat = model.graph.nodes.find((n) => n.name === 'flat')!.outputs[0]!
    const wanted: number[] = []
    const pooled: number[] = []
    for await (const batch of loader.epoch(0)) {
      wanted.push(...(await resultOf(model, relu, batch.images)))
      pooled.push(...(await resultOf(model, flat, batch.images)))
    }
    const found: number[] = []
    const read: number[] = []
    const own = looking('images', async ({ groups, batches }) => {
      const [first, second] = groups
      for await (const batch of batches([first!.layers[0]!, second!.readers[0]!])) {
        const { data, images, channels, plane } = batch.activations(first!.layers[0]!)
        expect([images, channels, plane]).toEqual([8, 6, [8, 8]])
        found.push(...data)
        read.push(...batch.activations(second!.readers[0]!).data)
        expect(() => batch.activations(first!.readers[0]!)).toThrow('cannot be looked at')
      }
    })
    await pruneModel(model, { ...half, criterion: own, images: again() })
    expect(found).toEqual(wanted)
    expect(read).toEqual(pooled)
    expect(Math.min(...found)).toBe(0)
  })

  it('has channels first, also of networks that have them last', async () => {
    const b = new GraphBuilder('last')
    const x = b.input('image', 'float32', [4, 2, 3])
    const a = b.node('Relu', [b.node('MatMul', [x, b.constant('w', normal(3, 5))], {}, { name: 'a' })])
    b.output(b.node('MatMul', [a, b.constant('v', normal(5, 2))], {}, { name: 'b' }))
    const batch = { images: Float32Array.from({ length: 24 }, random.normal), count: 3 }
    const given: ScoringImages = {
      ...{ shape: [2, 3], batchSize: 4 },
      batches: (async function* () {
        yield batch
      })(),
    }
    let seen: { data: number[]; rest: unknown } | undefined
    const own = looking('images', async ({ groups, batches }) => {
      for await (const b of batches()) {
        const { data, ...rest } = b.activations(groups[0]!.layers[0]!)
        seen = { data: [...data], rest }
      }
    })
    const model = b.model()
    await pruneModel(model, { methods: ['neuron'], scope: { ratio: 0.4 }, criterion: own, images: given })
    expect(seen?.rest).toEqual({ images: 3, channels: 5, plane: [2] })
    const session = await createSession({
      ...model,
      graph: { ...model.graph, outputs: [{ name: a, type: undefined }] },
    })
    const { [a]: value } = await session.run({ image: hostTensor('float32', [4, 2, 3], batch.images) })
    session.dispose()
    const at = (n: number, c: number, p: number) => Number(value!.data[(n * 2 + p) * 5 + c])
    expect(seen?.data).toEqual([0, 1, 2].flatMap((n) => [0, 1, 2, 3, 4].flatMap((c) => [at(n, c, 0), at(n, c, 1)])))
  })

  it('stops before a sum that others are in, and where something else reads what lies between', async () => {
    const b = new GraphBuilder('paths')
    const x = b.input('image', 'float32', [1, 2, 4, 4])
    const conv = (name: string, from: string, channels = 4) =>
      b.node('Conv', [from, b.constant(`${name}.w`, normal(4, channels, 1, 1))], {}, { name, outputs: [name] })
    // Swish, written out: two ways that meet again.
    const a = conv('a', x, 2)
    const swish = b.node('Mul', [a, b.node('Sigmoid', [a])], {}, { outputs: ['swish'] })
    const c = conv('c', swish)
    // Its result is read by the sum, and by a Relu besides.
    const sum = b.node('Add', [c, swish], {}, { outputs: ['sum'] })
    b.output(b.node('Conv', [sum, b.constant('d.w', normal(2, 4, 1, 1))], {}, { name: 'd' }))
    b.output(b.node('Conv', [b.node('Relu', [c]), b.constant('e.w', normal(2, 4, 1, 1))], {}, { name: 'e' }))
    const model = b.model()
    const pixels = Float32Array.from({ length: 32 }, random.normal)
    const names: string[] = []
    const own = looking('images', async ({ groups, batches }) => {
      for await (const batch of batches())
        for (const layer of groups.flatMap((g) => g.layers)) {
          const values = [...batch.activations(layer).data]
          for (const value of ['a', 'swish', 'c', 'sum']) {
            const graph = { ...model.graph, outputs: [{ name: value, type: undefined }] }
            const session = await createSession({ ...model, graph })
            const out = await session.run({ image: hostTensor('float32', [1, 2, 4, 4], pixels) })
            session.dispose()
            if (Array.from(out[value]!.data, Number).join() === values.join()) names.push(`${layer.node}: ${value}`)
          }
        }
    })
    const batches = {
      [Symbol.asyncIterator]: async function* () {
        yield { images: pixels, count: 1 }
      },
    }
    await pruneModel(model, {
      ...{ scope: { ratio: 0.5 }, criterion: own },
      images: { shape: [2, 4, 4], batchSize: 1, batches },
    })
    expect(names).toEqual(['a: swish', 'c: c'])
  })
})

describe('gradients', () => {
  it('of activations and weights are those of the loss, by finite differences', async () => {
    const model = tinyNet()
    const found: { value: number; weight: number; images: number }[] = []
    const own = looking('loss', async ({ groups, batches }) => {
      const layer = groups[1]!.layers[0]!
      for await (const batch of batches())
        found.push({
          value: sumOf(batch, layer),
          weight: batch.weightGradients(layer)[2]![7]!,
          images: batch.images,
        })
    })
    const partial: ScoringImages = {
      ...images,
      batches: (async function* () {
        for await (const batch of loader.epoch(0)) {
          const count = 5
          yield { images: zeroed(batch.images, count / 8), targets: zeroed(batch.targets, count / 8), count }
          return
        }
      })(),
    }
    await pruneModel(model, { ...half, criterion: own, images: partial, loss: withCrossEntropy })
    expect(found.map((f) => f.images)).toEqual([5])

    const first = await firstBatch()
    const lossOf = async (change: (model: Model) => Model) => {
      const { logits } = { logits: await resultOf(change(model), model.graph.outputs[0]!.name, first.images) }
      let loss = 0
      for (let n = 0; n < 5; n++) {
        const row = logits.slice(3 * n, 3 * n + 3)
        const sum = Math.log(row.reduce((s, z) => s + Math.exp(z), 0))
        loss += sum - row[first.labels[n]!]!
      }
      return loss / 5
    }
    const step = 1e-2
    const nudged = (by: number) => (given: Model) => {
      const tensor = given.graph.initializers.get('conv2.weight')!
      const values = new Float32Array(new Uint8Array(tensor.data.bytes()).buffer)
      values[2 * 54 + 7]! += by
      const initializers = new Map(given.graph.initializers).set(
        'conv2.weight',
        tensorOf('float32', tensor.shape, values),
      )
      return { ...given, graph: { ...given.graph, initializers } }
    }
    const slope = ((await lossOf(nudged(step))) - (await lossOf(nudged(-step)))) / (2 * step)
    expect(found[0]!.weight).toBeCloseTo(slope, 3)
    // Adding a little to all of channel 2 behind the Relu adds it to what the mean over space gives, and the classifier reads.
    const shifted = (by: number) => (given: Model) => {
      const bias = given.graph.initializers.get('fc.bias')!
      const weight = new Float32Array(new Uint8Array(given.graph.initializers.get('fc.weight')!.data.bytes()).buffer)
      const values = new Float32Array(new Uint8Array(bias.data.bytes()).buffer).map(
        (v, k) => v + by * weight[6 * k + 2]!,
      )
      const initializers = new Map(given.graph.initializers).set('fc.bias', tensorOf('float32', [3], values))
      return { ...given, graph: { ...given.graph, initializers } }
    }
    const rise = ((await lossOf(shifted(step))) - (await lossOf(shifted(-step)))) / (2 * step)
    expect(found[0]!.value).toBeCloseTo(rise, 4)
  })
})

/** Σ of the gradients of channel 2 over images and space. */
function sumOf(batch: ScoredBatch, layer: ScoredLayer): number {
  const { data, channels, images, plane } = batch.gradients(layer)
  const size = plane.reduce((p, d) => p * d, 1)
  let sum = 0
  for (let n = 0; n < images; n++) for (let i = 0; i < size; i++) sum += data[(n * channels + 2) * size + i]!
  return sum
}

const zeroed = (values: Float32Array, part: number): Float32Array =>
  values.map((v, i) => (i < values.length * part ? v : 0))

async function firstBatch() {
  for await (const batch of loader.epoch(0)) return batch
  throw new Error('There is no batch.')
}
