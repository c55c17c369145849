import { describe, expect, it } from 'vitest'
import { namePattern, seededRandom } from '../base/index.ts'
import { profileModel } from '../cost/index.ts'
import { type AttributeValue, GraphBuilder, type Model, nodeLabel, tensorOf } from '../graph/index.ts'
import { abortedAfter } from '../testing/aborting.ts'
import { weightsFor } from '../testing/weights.ts'
import { type RewriteOptions, rewriteModel, type VariedLayer } from './index.ts'

/** Convolutions in a row, with a Relu behind each: 3×3 of 8 to 12, 1×1 of 12 to 12, depthwise 3×3, 3×3 of 12 to 16. */
function network(): Model {
  const random = seededRandom(5)
  const b = new GraphBuilder('row')
  const weight = weightsFor(b, () => random.normal())
  const pads = [1, 1, 1, 1]
  const layer = (x: string, name: string, shape: number[], attributes: Record<string, AttributeValue> = {}) =>
    b.node('Relu', [b.node('Conv', [x, weight(`${name}.w`, ...shape)], attributes, { name })])
  let x = layer(b.input('x', 'float32', [1, 8, 10, 10]), 'a', [12, 8, 3, 3], { pads })
  x = layer(x, 'pointwise', [12, 12, 1, 1])
  x = layer(x, 'depthwise', [12, 1, 3, 3], { pads, group: 12 })
  b.output(layer(x, 'c', [16, 12, 3, 3], { pads, strides: [2, 2] }))
  return b.model()
}

const macs = (model: Model) => profileModel(model).totals.macs
const swap = (kind: string, options: RewriteOptions<{ rank: unknown }> = {}) => rewriteModel(network(), kind, options)

describe('an energy', () => {
  it.each(['separable', 'low-rank', 'low-rank-space', 'tucker'])('%s: is kept with the fewest MACs', async (kind) => {
    const { swapped, kept, model } = await swap(kind, { target: { energy: 0.7 } })
    expect(swapped.length + kept.length).toBe(2)
    for (const { facts, weightError = 1 } of swapped) {
      expect(Number(facts.energy)).toBeGreaterThanOrEqual(0.7)
      expect(weightError).toBeCloseTo(Math.sqrt(1 - Number(facts.energy)), 5)
    }
    expect(macs(model)).toBeLessThan(macs(network()))
  })

  it('is 0.95 where nobody says it, and layers that would cost more stay', async () => {
    await expect(swap('low-rank-space')).rejects.toMatchObject({
      code: 'nothing-to-swap',
      message: expect.stringMatching(/a: it would cost 1\.\d+ times its MACs \(rank 1\d\)/),
    })
    const { swapped, model } = await swap('low-rank-space', { layers: namePattern('a') })
    expect(swapped.map((l) => l.node)).toEqual(['a'])
    expect(macs(model)).toBeGreaterThan(macs(network()))
  })

  it.each([0, -1, 1.01, Number.NaN])('cannot be %d', async (energy) => {
    await expect(swap('separable', { target: { energy } })).rejects.toMatchObject({ code: 'bad-target' })
  })
})

describe('a number of MACs', () => {
  it.each(['separable', 'low-rank', 'low-rank-space', 'tucker'])('%s: is not exceeded', async (kind) => {
    const before = macs(network())
    const errors: number[] = []
    for (const part of [0.8, 0.6, 0.5]) {
      const { model, swapped } = await swap(kind, { target: { macs: { part } } })
      expect(macs(model)).toBeLessThanOrEqual(part * before)
      errors.push(swapped.reduce((sum, l) => sum + l.weightError! ** 2, 0))
    }
    // The more MACs, the less is lost.
    expect(errors).toEqual(errors.toSorted((a, b) => a - b))
  })

  it('is reached with the least error that single choices find', async () => {
    const value = Math.floor(0.6 * macs(network()))
    const { swapped } = await swap('low-rank', { target: { macs: { value } } })
    const found = swapped.reduce((sum, l) => sum + l.weightError! ** 2, 0)
    let best = Number.POSITIVE_INFINITY
    const costs = { a: 86_400, c: 43_200 }
    await swap('low-rank', {
      target: {
        choose: async ([a, c]) => {
          const others = macs(network()) - costs.a - costs.c
          const options = (layer: VariedLayer | undefined) => [...layer!.variants, { macs: 1, error: 0 }]
          for (const p of options(a))
            for (const q of options(c))
              if (others + p.macs * costs.a + q.macs * costs.c <= value) best = Math.min(best, p.error + q.error)
          return [0, 0]
        },
      },
    })
    expect(found).toBeCloseTo(best, 5)
  })

  it('out of reach is said with the least that there is, one that is met already likewise', async () => {
    await expect(swap('low-rank', { target: { macs: { value: 1000 } } })).rejects.toMatchObject({
      code: 'out-of-reach',
      message: expect.stringContaining('swapped as far as it goes, the network has 36,700 of 154,800 (0.237).'),
      details: { limit: 1000 },
    })
    await expect(swap('low-rank', { target: { macs: { value: 1e9 } } })).rejects.toMatchObject({
      code: 'nothing-to-swap',
      message: expect.stringContaining('Nothing needs to be swapped'),
    })
    for (const macs of [{}, { part: 0.5, value: 3 }, { part: 2 }, { value: -1 }])
      await expect(swap('low-rank', { target: { macs } })).rejects.toMatchObject({ code: 'bad-target' })
  })

  it('takes shapes that are open from the inputs that are given', async () => {
    const model = network()
    const [input] = model.graph.inputs
    const type = { kind: 'tensor', elementType: 'float32', shape: ['N', 8, 'H', 'W'] } as const
    const open = {
      ...model,
      graph: {
        ...model.graph,
        inputs: [{ ...input!, type }],
        outputs: [{ name: model.graph.outputs[0]!.name, type: undefined }],
      },
    }
    const target = { macs: { part: 0.6 } }
    await expect(rewriteModel(open, 'low-rank', { target })).rejects.toMatchObject({ code: 'unknown-shape' })
    const inputs = new Map([['x', [1, 8, 10, 10]]])
    const { model: made } = await rewriteModel(open, 'low-rank', { target, inputs })
    expect(profileModel(made, { inputs }).totals.macs).toBeLessThanOrEqual(0.6 * macs(model))
  })
})

it('what cannot be swapped is named, with the reason', async () => {
  const { refused } = await swap('separable', { settings: { rank: 2 } })
  expect(refused).toEqual([
    { node: 'pointwise', code: 'pointwise', why: 'it is 1×1: there is nothing to separate' },
    { node: 'depthwise', code: 'depthwise', why: 'it is depthwise: each of its groups reads one channel already' },
  ])
  for (const [kind, rank, why] of [
    ['separable', 10, 'its rank is 9 at most, 10 was asked for'],
    ['low-rank', 17, 'its rank is 16 at most, 17 was asked for'],
    ['low-rank-space', 37, 'its rank is 36 at most, 37 was asked for'],
    ['tucker', [8, 17], 'its rank is 12, 16 at most, 8, 17 was asked for'],
  ] as const)
    await expect(swap(kind, { settings: { rank } })).rejects.toMatchObject({
      code: 'nothing-to-swap',
      message: expect.stringContaining(`c: ${why}`),
    })
  await expect(swap('low-rank', { settings: { rank: 17 }, layers: namePattern('c') })).rejects.toMatchObject({
    code: 'cannot-swap',
    message: 'Conv "c": its rank is 16 at most, 17 was asked for. Choose other layers.',
  })
})

it.each(['separable', 'low-rank', 'low-rank-space', 'tucker'])('%s twice is refused', async (kind) => {
  const rank = kind === 'tucker' ? [2, 2] : 2
  const { model } = await swap(kind, { settings: { rank } })
  const again = rewriteModel(model, kind, { settings: { rank } })
  await expect(again).rejects.toMatchObject({ code: 'nothing-to-swap' })
  await expect(again).rejects.toThrow('one linear map: factors of a layer already')
  expect(model.graph.nodes.map(nodeLabel)).toContain('a')
})

it('two convolutions that are one linear map by themselves are taken for factors; with a bias, or others that read what is between, they are not', async () => {
  const pair = (bias: boolean, alsoRead: boolean) => {
    const random = seededRandom(2)
    const b = new GraphBuilder('pair')
    const weight = weightsFor(b, () => random.normal())
    const inputs = [b.input('x', 'float32', [1, 4, 8, 8]), weight('w', 4, 4, 3, 3), ...(bias ? [weight('b', 4)] : [])]
    const first = b.node('Conv', inputs, {}, { name: 'first' })
    b.output(b.node('Conv', [first, weight('v', 4, 4, 3, 3)], {}, { name: 'second' }))
    if (alsoRead) b.output(b.node('Relu', [first]))
    return rewriteModel(b.model(), 'separable', { settings: { rank: 1 } })
  }
  await expect(pair(false, false)).rejects.toThrow('first: it and second are one linear map')
  expect((await pair(true, false)).swapped).toHaveLength(2)
  expect((await pair(false, true)).swapped).toHaveLength(2)
})

it('weights that are no numbers, none, and all zero', async () => {
  const one = (values: ArrayLike<number>, shape = [2, 2, 3, 3]) => {
    const b = new GraphBuilder('one')
    const w = b.constant('w', tensorOf('float32', shape, values))
    b.output(b.node('Conv', [b.input('x', 'float32', [1, 2, 5, 5]), w], {}, { name: 'c' }))
    return rewriteModel(b.model(), 'low-rank', { settings: { rank: 1 } })
  }
  await expect(one(new Float64Array(36).fill(Number.NaN))).rejects.toMatchObject({
    code: 'not-finite',
    message: expect.stringContaining('The weights of c hold numbers that are NaN'),
  })
  await expect(one([], [0, 2, 3, 3])).rejects.toThrow('c: it has no weights')
  expect((await one(new Float64Array(36))).swapped[0]).toMatchObject({ weightError: 0, facts: { energy: 1 } })
})

it('settings and targets that do not go together, or that there are not', async () => {
  const energy = { energy: 0.5 }
  await expect(swap('separable', { settings: { rank: 2 }, target: energy })).rejects.toMatchObject({
    code: 'bad-target',
    message: 'The setting "rank" says how large layers become, and so does the target: give one of the two.',
  })
  await expect(swap('adder', { target: energy })).rejects.toMatchObject({ code: 'bad-target' })
  for (const rank of [0, 1.5, '2', [2]])
    await expect(swap('separable', { settings: { rank } })).rejects.toMatchObject({
      code: 'bad-setting',
      message: expect.stringContaining('Give a whole number from 1 on.'),
    })
  await expect(swap('tucker', { settings: { rank: 2 } })).rejects.toMatchObject({ code: 'bad-setting' })
})

it('is stopped while layers are looked at, and while they are exchanged', async () => {
  const options = { target: { energy: 0.7 } }
  const whats = (times: number) =>
    abortedAfter(times, (task) => rewriteModel(network(), 'tucker', { ...options, ...task }))
  expect((await whats(1)).map((p) => p.what)).toEqual(['looking at layers'])
  expect((await whats(3)).map((p) => p.what)).toEqual(['looking at layers', 'looking at layers', 'rewriting'])
})

it('weights in files of old IR versions, which list them as inputs, become inputs too', async () => {
  const model = network()
  const { graph } = model
  const listed = [...graph.initializers].map(([name, { elementType, shape }]) => ({
    ...{ name, type: { kind: 'tensor' as const, elementType, shape } },
  }))
  const old = { ...model, irVersion: 3, graph: { ...graph, inputs: [...graph.inputs, ...listed] } }
  const { model: made } = await rewriteModel(old, 'tucker', { settings: { rank: [2, 3] } })
  const names = new Set(made.graph.inputs.map((i) => i.name))
  for (const name of made.graph.initializers.keys()) expect(names).toContain(name)
  expect(names.size).toBe(made.graph.initializers.size + 1)
})
