import { compareProfiles, type Model, namePattern, type Profile, profileModel, pruneModel } from 'kerf'
import { GraphBuilder, lazyTensor, seededRandom, tensorOf, tensorValues } from 'kerf/graph'
import { buildNet } from 'kerf/nets'
import { quantizeIntegers, rewrites } from 'kerf/rewrite'
import { swapAndMeasure } from 'kerf/workflow'
import { describe, expect, it } from 'vitest'
import { type Compared, comparisonTable, countOther, differencesOf } from './compare.ts'
import { bothAsOne } from './compare-graph.ts'
import { differencePicture } from './compare-picture.ts'
import { comparedRows } from './compare-rows.ts'
import { storedWeights, weightChanges } from './compare-weights.ts'

const net = buildNet('resnet20')
const before = profileModel(net)
const { model: cut } = await pruneModel(net, { scope: { ratio: 0.5 }, keep: [namePattern('layer3*')] })

function compared(a: Model, b: Model, [x, y] = [profileModel(a), profileModel(b)]): Compared {
  return {
    profiles: { a: x!, b: y! },
    rows: comparedRows(x!, y!),
    stored: { a: storedWeights(a, x!), b: storedWeights(b, y!) },
  }
}

const noTimes = { a: undefined, b: undefined }

/** Images of noise. */
async function* noise() {
  const random = seededRandom(1)
  yield { images: Float32Array.from({ length: 4 * 3072 }, () => random.uniform()), count: 4 }
}

/** @param kind of a rewrite */
const swapped = async (model: Model, kind: string, layers = '*'): Promise<Model> =>
  (await swapAndMeasure(model, { rewrite: kind, layers: namePattern(layers), measure: false })).model

const inCodes = async (model: Model): Promise<Model> => {
  const images = { shape: [3, 32, 32], batchSize: 4, batches: noise() }
  return (await quantizeIntegers(model, { images, threads: 1 })).model
}

describe('the table of two networks', () => {
  const both = compared(net, cut)
  const table = comparisonTable(both)

  it('has the numbers of the comparison, and says which layers differ', () => {
    const { layers, totals } = compareProfiles(before, both.profiles.b)
    expect(table.totals).toEqual(totals)
    expect([...table.counts.macs.b]).toEqual(layers.map((l) => l.macs.b))
    const conv = table.labels.indexOf('layer1.0.conv1')
    expect([table.channels.a[conv], table.channels.b[conv]]).toEqual([16, 8])
    expect(table.differs[conv]).toBe(1)
    const same = layers.findIndex((l) => l.a && l.b && l.macs.a === l.macs.b && l.accesses.a === l.accesses.b)
    expect(table.differs[same]).toBe(0)
    expect(table.rows[conv]).toBe(before.layers.findIndex((l) => l.name === 'layer1.0.conv1'))
  })
})

it('finds layers that only one of them has', () => {
  const table = comparisonTable(compared(net, buildNet('resnet32')))
  const only = [...table.rows.keys()].filter((i) => table.rows[i] === -1)
  expect(only.length).toBeGreaterThan(0)
  for (const i of only) expect([table.counts.macs.a[i], table.differs[i]]).toEqual([Number.NaN, 1])
})

it('counts the other network for the sizes that were given', () => {
  const larger = countOther(buildNet('resnet20'), 'b', { inputs: { input: [2, 3, 32, 32] } })
  expect(larger.totals.macs).toBe(2 * before.totals.macs)
  expect(countOther(buildNet('resnet20'), 'b', { inputs: { image: [2, 3, 32, 32] } }).totals.macs).toBe(
    larger.totals.macs,
  )
})

describe('both as one graph', () => {
  /** Layers and inputs that values join, from the first layer on; and layers that nobody reads. */
  function joined({ rows, profiles }: Compared) {
    const { layers, inputs, origin } = bothAsOne(rows, profiles.a, profiles.b)
    const makers = new Map<string, number>()
    const read = new Set<number>()
    const root = [...layers.keys()]
    const rootOf = (i: number): number => (root[i] === i ? i : rootOf(root[i]!))
    layers.forEach((layer, i) => {
      for (const { name, constant } of layer.inputs) {
        const maker = constant ? undefined : makers.get(name)
        if (maker === undefined) continue
        read.add(maker)
        root[rootOf(i)] = rootOf(maker)
      }
      for (const { name } of layer.outputs) {
        expect(makers.has(name), `${name} is made twice`).toBe(false)
        makers.set(name, i)
      }
    })
    // Nothing reads what is made behind it.
    for (const [i, layer] of layers.entries())
      for (const { name, constant } of layer.inputs) if (!constant) expect(makers.get(name) ?? -1).toBeLessThan(i)
    const ends = layers.flatMap((layer, i) => (read.has(i) ? [] : [layer.name]))
    return {
      parts: new Set(root.map((_, i) => rootOf(i))).size,
      ends,
      inputs: inputs.map(({ name }) => name),
      layers,
      origin,
    }
  }

  it('is one where normalisation was folded away, and values have names of layers that are gone', async () => {
    const low = await swapped(cut, 'low-rank', 'layer2*')
    const coded = await inCodes(low)
    for (const from of [net, low])
      for (const both of [compared(from, coded), compared(coded, from)]) {
        const { parts, ends, layers, inputs, origin } = joined(both)
        expect([parts, ends.length, inputs]).toEqual([1, 1, ['input']])
        // Every layer of both is in it.
        const own = new Set(layers.map(origin))
        expect(both.rows.every((row) => own.has((row.b ?? row.a)!))).toBe(true)
      }
    const { layers } = joined(compared(low, coded))
    const readers = (value: string) =>
      layers.filter((l) => l.inputs.some(({ name }) => name === value)).map((l) => l.name)
    const made = (name: string) => layers.find((l) => l.name === name)!.outputs[0]!.name
    expect(readers(made('conv1'))).toEqual(['bn1', 'relu'])
    expect(readers(made('bn1'))).toEqual(['relu'])
  })

  it('has no circle where layers run in another order, and one input where names differ', () => {
    const chain = (input: string, order: readonly string[]): Model => {
      const b = new GraphBuilder('chain')
      let x = b.input(input, 'float32', [1, 4])
      for (const name of order) x = b.node('Relu', [x], {}, { name, outputs: [`${name}_${input}`] })
      b.output(x)
      return b.model()
    }
    const both = compared(chain('x', ['first', 'middle', 'last']), chain('y', ['last', 'first']))
    const { parts, inputs } = joined(both)
    expect([parts, inputs]).toEqual([1, ['y']])
    expect(differencePicture(both, { opened: [], by: 'channels' }, noTimes).boxes.length).toBeGreaterThanOrEqual(5)
  })
})

describe('layers that a swap made of one', () => {
  it.each(rewrites.map(({ name }) => name))('are compared with that one: %s', async (kind) => {
    const model = await swapped(net, kind, 'layer3.1.conv*')
    const { rows, profiles } = compared(net, model)
    expect(rows.filter(({ a, macs }) => !a && macs.b !== 0).map(({ name }) => name)).toEqual([])
    const of = (profile: Profile) =>
      profile.layers.reduce((sum, l) => sum + (l.name.startsWith('layer3.1.conv1') ? l.macs! : 0), 0)
    const row = rows.find(({ name }) => name === 'layer3.1.conv1')!
    expect([row.macs.a, row.macs.b]).toEqual([of(profiles.a), of(profiles.b)])
    // And back.
    const back = comparedRows(profiles.b, profiles.a).find(({ b }) => b?.name === 'layer3.1.conv1')!
    expect([back.macs.b, back.macs.a]).toEqual([row.macs.a, row.macs.b])
  })

  it('are named beside it, and are boxes of their own', async () => {
    const both = compared(net, await swapped(net, 'low-rank', 'layer3.1.conv1'))
    const table = comparisonTable(both)
    const row = table.labels.indexOf('layer3.1.conv1')
    expect([table.parts[row], table.ops[row]]).toEqual(['+ narrow', 'Conv → 2 × Conv'])
    const { boxes, counts } = differencePicture(both, { opened: ['layer3', 'layer3/1'], by: 'macs' }, noTimes)
    // A row is one layer, as in the table, however many boxes it has.
    expect(counts).toMatchObject({ added: 0, changed: 1 })
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(both.rows.length)
    const [narrow, own] = ['layer3.1.conv1_narrow', 'layer3.1.conv1'].map((name) => boxes.find((b) => b.name === name)!)
    expect([narrow!.text, narrow!.more]).toEqual(['Conv, only in B', 'counted with layer3.1.conv1'])
    expect(own!.kept).toBeCloseTo(both.rows[row]!.macs.ratio!, 10)
  })

  it('are not those that exporters number, nor what only codes values', async () => {
    const numbered = (names: readonly string[]): Model => {
      const b = new GraphBuilder('numbered')
      const w = b.constant('w', tensorOf('float32', [4, 4, 1, 1], new Float32Array(16).fill(0.1)))
      let x = b.input('x', 'float32', [1, 4, 8, 8])
      for (const name of names) x = b.node('Conv', [x, w], {}, { name })
      b.output(x)
      return b.model()
    }
    expect(compared(numbered(['Conv']), numbered(['Conv_1', 'Conv'])).rows).toHaveLength(2)
    const { rows } = compared(cut, await inCodes(cut))
    expect(rows.every(({ parts }) => parts.a.length + parts.b.length === 0)).toBe(true)
  })
})

describe('boxes of blocks', () => {
  it('tell the channels of convolutions, and where they are the same the MACs', async () => {
    const block = (both: Compared) =>
      differencePicture(both, { opened: ['layer1'], by: 'channels' }, noTimes).boxes.find((b) => b.path === 'layer1/0')!
    // Two convolutions of 16 channels: activations, normalisation and sums have none of their own.
    const pruned = block(compared(net, cut))
    expect([pruned.text, pruned.kept]).toEqual(['32 → 16 channels', 0.5])
    expect(pruned.more).toMatch(/^MACs .+ → .+, parameters .+ → .+$/)
    const low = block(compared(net, await swapped(net, 'low-rank', 'layer1.0*')))
    expect([low.text, low.kept]).toEqual([expect.stringMatching(/^32 channels, MACs .+ → .+/), 1])
  })

  it('are wide enough for what they say', async () => {
    const { boxes } = differencePicture(
      compared(net, await inCodes(net)),
      { opened: ['layer1', 'layer1/0'], by: 'macs' },
      noTimes,
    )
    const coded = boxes.find(({ text }) => text === 'DequantizeLinear, only in B')!
    expect(coded.width).toBeGreaterThan(6 * coded.text.length)
  })
})

describe('weights', () => {
  /** The network with some weights times a factor. */
  const scaled = (names: RegExp, factor: number): Model => {
    const initializers = [...net.graph.initializers].map(([name, tensor]) => {
      const other = () => tensorValues(tensor).map((v) => factor * v)
      return [name, names.test(name) ? lazyTensor('float32', tensor.shape, other) : tensor] as const
    })
    return { ...net, graph: { ...net.graph, initializers: new Map(initializers) } }
  }
  const wanted = () => true

  it('are told as other ones where shapes are the same, with how far they are off', async () => {
    const both = compared(net, scaled(/^layer1.*conv/, 1.25))
    const weights = (await weightChanges(both.rows, both.stored, wanted))!
    const at = (name: string) => both.rows.findIndex((row) => row.name === name)
    expect(weights[at('layer1.0.conv1')]).toBeCloseTo(0.25, 6)
    expect([weights[at('conv1')], weights[at('layer1.0.relu1')]]).toEqual([0, Number.NaN])
    expect(differencesOf(both)[at('layer1.0.conv1')]).toBe('same')
    const known = { ...both, weights }
    expect([differencesOf(known)[at('layer1.0.conv1')], differencesOf(known)[at('conv1')]]).toEqual(['weights', 'same'])
    expect(comparisonTable(known).differs[at('layer1.0.conv1')]).toBe(1)
    const { counts } = differencePicture(known, { by: 'channels' }, noTimes)
    expect(counts).toEqual({ same: both.rows.length - 6, weights: 6, changed: 0, added: 0, removed: 0 })
  })

  it('are not compared where shapes differ, and no longer where nobody waits', async () => {
    const both = compared(net, cut)
    const weights = (await weightChanges(both.rows, both.stored, wanted))!
    const at = (name: string) => both.rows.findIndex((row) => row.name === name)
    expect(weights[at('layer1.0.conv1')]).toBeNaN()
    const { rows, stored } = compared(net, scaled(/conv/, 2))
    expect(await weightChanges(rows, stored, () => false)).toBe(undefined)
  })

  it('are counted as they are stored, with their type', async () => {
    const both = compared(net, await inCodes(net))
    const table = comparisonTable(both)
    const conv = table.labels.indexOf('layer2.0.conv2')
    // Codes of a byte, and for each of 32 channels a scale and a zero point of weights and of the bias.
    expect([table.bytes.a[conv], table.bytes.b[conv]]).toEqual([4 * 9216, 9216 + 32 * (4 + 1) + 32 * (4 + 4 + 4)])
    expect([table.types.a[conv], table.types.b[conv]]).toEqual(['float32', 'int8'])
    expect(table.stored.a).toBe([...table.bytes.a].reduce((sum, own) => sum + (own || 0), 0))
    expect(table.stored.b).toBeLessThan(0.4 * table.stored.a)
    // However layers are counted.
    expect(storedWeights(net, profileModel(net, { fused: true })).bytes).toBe(table.stored.a)
  })
})
