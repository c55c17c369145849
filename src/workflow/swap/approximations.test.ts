import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { profileModel } from '../../cost/index.ts'
import { imagesFromArrays } from '../../data/index.ts'
import { GraphBuilder, type Model, tensorValues, validated } from '../../graph/index.ts'
import { modelBytes } from '../../onnx/index.ts'
import { describeOrt, runOrt } from '../../testing/ort.ts'
import { weightsFor } from '../../testing/weights.ts'
import { type SwapOptions, swapAndMeasure, type TimingRuntime } from '../index.ts'

/* Layers that become factors in a network with normalisations and a residual: brought nearer on images, timed, within a time. */

/** [N, 2, 8, 8]: Conv a → BatchNormalization → Relu → (Conv b → BatchNormalization) + that → Relu → Conv c → mean of each channel. */
function network(): Model {
  const random = seededRandom(11)
  const b = new GraphBuilder('residual')
  const weight = weightsFor(b, () => random.normal() / 3)
  const positive = weightsFor(b, () => 0.5 + random.uniform())
  const pads = [1, 1, 1, 1]
  const normalised = (x: string, name: string) =>
    b.node(
      'BatchNormalization',
      [x, positive(`${name}.g`, 8), weight(`${name}.b`, 8), weight(`${name}.m`, 8), positive(`${name}.v`, 8)],
      {},
      { name },
    )
  const conv = (x: string, name: string, inChannels: number, bias: string[] = []) =>
    b.node('Conv', [x, weight(`${name}.w`, 8, inChannels, 3, 3), ...bias], { pads }, { name })
  const a = b.node('Relu', [normalised(conv(b.input('x', 'float32', ['N', 2, 8, 8]), 'a', 2), 'a.bn')])
  const sum = b.node('Relu', [b.node('Add', [normalised(conv(a, 'b', 8), 'b.bn'), a])])
  const c = b.node('Relu', [conv(sum, 'c', 8, [weight('c.b', 8)])])
  b.output(b.node('Flatten', [b.node('GlobalAveragePool', [c])], {}, { outputs: ['y'] }))
  return b.model()
}

/** Pictures with something like edges and areas. */
function data(count: number): NonNullable<SwapOptions['data']> {
  const random = seededRandom(4)
  const images = new Uint8Array(count * 128)
  for (let i = 0; i < 2 * count; i++) {
    const [x, y, phase] = [random.uniform(), random.uniform(), 6 * random.uniform()]
    for (let p = 0; p < 64; p++)
      images[i * 64 + p] = 128 + 100 * Math.sin(phase + x * (p % 8) + y * Math.floor(p / 8)) + 20 * random.uniform()
  }
  const train = imagesFromArrays({
    ...{ images, channels: 2, height: 8, width: 8 },
    labels: Array.from({ length: count }, () => 0),
  })
  return { data: { kind: 'mnist', path: '-' }, transforms: [], open: async () => ({ train }) }
}

const kinds = [
  ['separable', 2],
  ['low-rank', 4],
  ['low-rank-space', 4],
  ['tucker', [2, 4]],
] as const

describe('least squares on images', () => {
  it.each(kinds)('%s: brings layers and outputs nearer to what they were', async (rewrite, rank) => {
    const settings = { rank }
    const result = await swapAndMeasure(network(), { rewrite, settings, data: data(96), images: 96 })
    expect(result.statistics).toBe('data')
    expect(result.recovery?.map((s) => s.name)).toEqual(['least-squares', 'statistics'])
    const [first] = result.recovery!
    expect(first!.kept).toBe(true)
    expect(first!.outputError.after).toBeLessThan(0.7 * first!.outputError.before)
    expect(result.swapped.map((l) => l.node)).toEqual(['a', 'b', 'c'])
    for (const { outputError, weightError } of result.swapped) {
      expect(outputError!.after).toBeLessThanOrEqual(outputError!.before)
      expect(weightError).toBeGreaterThan(0.05)
    }
    expect(validated(result.model)).toBe(result.model)
  })

  it.each<[string, object]>([
    ['grouped', { groups: 2 }],
    ['partial', { part: 0.5 }],
  ])('%s: likewise', async (rewrite, settings) => {
    const { recovery } = await swapAndMeasure(network(), { rewrite, settings, data: data(96), images: 96 })
    expect(recovery![0]!.outputError.after).toBeLessThan(0.7 * recovery![0]!.outputError.before)
  })

  it('knows channels that are stored in another order', async () => {
    const random = seededRandom(3)
    const b = new GraphBuilder('row')
    const weight = weightsFor(b, () => random.normal() / 3)
    const pads = [1, 1, 1, 1]
    const conv = (x: string, name: string, inChannels: number) =>
      b.node('Relu', [b.node('Conv', [x, weight(`${name}.w`, 8, inChannels, 3, 3)], { pads }, { name })])
    const x = b.input('x', 'float32', ['N', 2, 8, 8])
    b.output(b.node('GlobalAveragePool', [conv(conv(x, 'a', 2), 'b', 8)], {}, { outputs: ['y'] }))
    // All channels are convolved: nothing is lost, but that they stand in another order.
    const all = {
      rewrite: 'partial',
      layers: { text: 'b', matches: (n: string) => n === 'b' },
      settings: { part: 0.75 },
    }
    const { recovery, reordered, swapped } = await swapAndMeasure(b.model(), { ...all, data: data(64), images: 64 })
    expect(swapped[0]!.facts.order).toBe('the best')
    expect([...reordered.keys()]).toHaveLength(2)
    expect(reordered.values().next().value).not.toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    // What the layer before gives is what it gave.
    expect(recovery![0]!.layers[0]).toMatchObject({ layer: 'a' })
    expect(recovery![0]!.layers[0]!.before).toBeLessThan(1e-6)
    expect(recovery![0]!.layers[1]!.after).toBeLessThan(recovery![0]!.layers[1]!.before)
  })

  it('of full rank finds nothing to do', async () => {
    const { recovery, swapped, model } = await swapAndMeasure(network(), {
      ...{ rewrite: 'low-rank', layers: { text: '*', matches: () => true }, target: { energy: 1 } },
      ...{ data: data(16), images: 16 },
    })
    expect(swapped).toHaveLength(3)
    for (const { outputError } of swapped) expect(outputError!.before).toBeLessThan(1e-5)
    expect(recovery!.at(-1)!.outputError.after).toBeLessThan(1e-5)
    expect(model.graph.nodes.filter((n) => n.opType === 'Conv')).toHaveLength(6)
  })

  it('needs some images', async () => {
    const few = swapAndMeasure(network(), { rewrite: 'low-rank', settings: { rank: 2 }, data: data(7) })
    await expect(few).rejects.toMatchObject({ code: 'too-few-images' })
  })
})

it('without images nothing is measured, and statistics are what they were', async () => {
  const never = () => Promise.reject(new Error('run'))
  const runtime = { createSession: never, createProgram: never }
  const model = network()
  const files = { given: 'a.onnx', swapped: 'b.onnx' }
  const result = await swapAndMeasure(model, { rewrite: 'separable', settings: { rank: 1 }, runtime, files })
  expect(result.statistics).toBe('kept')
  const of = (m: Model) => [...tensorValues(m.graph.initializers.get('b.bn.v')!)]
  expect(of(result.model)).toEqual(of(model))
  expect(result.recipe?.learningRate).toBe(0.01)
})

it('says of every layer what it cost, and what it costs', async () => {
  const { swapped, comparison } = await swapAndMeasure(network(), { rewrite: 'low-rank', settings: { rank: 2 } })
  expect(swapped[1]!.cost).toEqual({
    before: { macs: 64 * 8 * 72, params: 8 * 72, accesses: 2 * 8 * 64 + 8 * 72 },
    after: { macs: 64 * (2 * 72 + 16), params: 2 * 72 + 16, accesses: (8 + 2 + 2 + 8) * 64 + 2 * 72 + 16 },
  })
  const saved = swapped.reduce((sum, { cost }) => sum + cost.before.macs! - cost.after.macs!, 0)
  expect(comparison.totals.macs.a! - comparison.totals.macs.b!).toBe(saved)
})

/** A runtime that takes a millisecond for a thousand MACs, and one for each network. */
function timingByMacs(): TimingRuntime & { readonly timed: number[] } {
  const timed: number[] = []
  return {
    timed,
    on: { runtime: 'macs', version: '', threads: 1, machine: '' },
    time: async (runs) => {
      timed.push(runs.length)
      return runs.map(({ model }) => 1 + profileModel(model).totals.macs / 1000)
    },
  }
}

describe('times', () => {
  it('of every layer and of the network are measured beside what they were', async () => {
    const timing = timingByMacs()
    const inputs = new Map([['x', [1, 2, 8, 8]]])
    const { swapped, time, comparison } = await swapAndMeasure(network(), {
      ...{ rewrite: 'tucker', settings: { rank: [2, 2] }, timing, inputs },
    })
    // What a run takes by itself is no part of a layer's time.
    for (const { time, cost } of swapped) {
      expect(time!.beforeMs).toBeCloseTo(cost.before.macs! / 1000, 8)
      expect(time!.afterMs).toBeCloseTo(cost.after.macs! / 1000, 8)
    }
    const { a, b } = comparison.totals.macs
    expect(time).toEqual({ beforeMs: 1 + a! / 1000, afterMs: 1 + b! / 1000 })
    expect(timing.timed).toEqual([4, 4, 4, 2])
  })

  it('are not exceeded where a target says so', async () => {
    const inputs = new Map([['x', [1, 2, 8, 8]]])
    const swap = (target: SwapOptions['target']) =>
      swapAndMeasure(network(), { rewrite: 'low-rank', target, timing: timingByMacs(), inputs })
    const whole = 1 + profileModel(network(), { inputs }).totals.macs / 1000
    const { inTime, time } = await swap({ faster: 1.5 })
    expect(inTime).toMatchObject({ beforeMs: whole, limitMs: whole / 1.5, isReached: true })
    expect(time!.afterMs).toBeLessThanOrEqual((1.02 * whole) / 1.5)
    expect(time!.afterMs).toBeGreaterThan((0.6 * whole) / 1.5)
    expect((await swap({ milliseconds: 40 })).time!.afterMs).toBeLessThanOrEqual(1.02 * 40)
    await expect(swap({ milliseconds: 2 })).rejects.toMatchObject({
      code: 'out-of-reach',
      message: expect.stringMatching(
        /^The target of 2 ms is out of reach: with every layer in its fastest form a run takes 1\d/,
      ),
    })
    await expect(swap({ milliseconds: 1e6 })).rejects.toMatchObject({ code: 'nothing-to-swap' })
    for (const milliseconds of [0, -1])
      await expect(swap({ milliseconds })).rejects.toMatchObject({ code: 'bad-target' })
  })
})

describeOrt('ONNX Runtime', () => {
  it.each(kinds)('%s: runs what comes out, brought nearer or not', async (rewrite, rank) => {
    const x = {
      type: 'float32' as const,
      dims: [2, 2, 8, 8],
      data: Float32Array.from({ length: 256 }, (_, i) => Math.sin(i)),
    }
    const outputs = async (model: Model) => (await runOrt(modelBytes(model), { x })).y!.data as Float32Array
    const options = { rewrite, settings: { rank } }
    const [plain, solved] = [
      await swapAndMeasure(network(), options),
      await swapAndMeasure(network(), { ...options, data: data(32) }),
    ]
    const { createSession } = await import('../../runtime/index.ts')
    for (const { model } of [plain, solved]) {
      const session = await createSession(model)
      const { y } = await session.run({ x: { elementType: 'float32', shape: x.dims, data: x.data } })
      session.dispose()
      const ours = y!.data as Float32Array
      ;(await outputs(model)).forEach((value, i) => void expect(value).toBeCloseTo(ours[i]!, 4))
    }
  })
})
