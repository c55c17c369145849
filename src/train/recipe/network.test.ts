import { describe, expect, it } from 'vitest'
import { profileModel } from '../../cost/index.ts'
import { tensorValues } from '../../graph/index.ts'
import type { NetName } from '../../nets/index.ts'
import { freshNetwork, isFreshNetwork } from './network.ts'
import { parseRecipe } from './parse.ts'

function fresh(net: NetName, convolution: 'conv' | 'adder', shape: readonly [number, number, number], more = {}) {
  const recipe = parseRecipe({
    model: { net, convolution, ...more },
    data: { kind: 'generated' },
    output: 'o',
    epochs: 1,
    seed: 3,
  })
  if (!isFreshNetwork(recipe)) throw new Error('it is one')
  return freshNetwork(recipe, shape, 10)
}

const spread = (values: Float64Array) => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  return [mean, Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)] as const
}

/** Number of convolutions, of which the first is ordinary whatever the body is made of. */
const networks: [NetName, number, readonly [number, number, number]][] = [
  ['lenet5_bn', 4, [1, 28, 28]],
  ['vgg_small', 6, [3, 32, 32]],
  ['resnet20', 21, [3, 32, 32]],
  ['resnet32', 33, [3, 32, 32]],
  ['resnet56', 57, [3, 32, 32]],
  ['resnet18', 20, [3, 64, 64]],
]

describe.each(networks)('%s to be trained', (net, convolutions, shape) => {
  it('of adder convolutions but for the first and the classifier, as large as of ordinary ones', () => {
    const [adder, ordinary] = [fresh(net, 'adder', shape), fresh(net, 'conv', shape)]
    const kinds = adder.graph.nodes.map((n) => n.opType)
    expect(kinds.filter((k) => k === 'AdderConv')).toHaveLength(convolutions - 1)
    expect(kinds.filter((k) => k === 'Conv' || k === 'AdderConv').indexOf('Conv')).toBe(0)
    expect(kinds.filter((k) => k === 'Conv')).toHaveLength(1)
    expect(kinds.at(-1)).toBe('Gemm')
    const [a, b] = [adder, ordinary].map((m) => profileModel(m).totals)
    expect(a?.params).toBe(b?.params)
    // One subtraction and one addition where there was a multiplication and an addition.
    expect((a?.adds ?? 0) - (b?.adds ?? 0)).toBe((b?.macs ?? 0) - (a?.macs ?? 0))
  })

  it('with adder weights from N(0, 1), and BatchNormalization that changes nothing', () => {
    const { nodes, initializers } = fresh(net, 'adder', shape).graph
    const valuesOf = (name: string | undefined) => tensorValues(initializers.get(name!)!)
    const adders = nodes.filter((n) => n.opType === 'AdderConv')
    for (const { inputs } of [adders[0], adders.at(-1)].flatMap((n) => n ?? [])) {
      const values = valuesOf(inputs[1])
      const [mean, deviation] = spread(values)
      expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(values.length))
      expect(deviation).toBeCloseTo(1, 1)
    }
    for (const { inputs } of nodes.filter((n) => n.opType === 'BatchNormalization')) {
      const [gamma, beta, mean, variance] = inputs.slice(1).map((name) => new Set(valuesOf(name)))
      expect([gamma, beta, mean, variance]).toEqual([new Set([1]), new Set([0]), new Set([0]), new Set([1])])
    }
  })
})

it('sizes are those of the data unless the recipe says otherwise', () => {
  const shapeOf = (model: ReturnType<typeof fresh>) => {
    const [input] = model.graph.inputs
    const [output] = model.graph.outputs
    return [input, output].map((v) => (v?.type?.kind === 'tensor' ? v.type.shape : undefined))
  }
  expect(shapeOf(fresh('resnet20', 'conv', [1, 28, 30]))).toEqual([
    ['N', 1, 28, 30],
    ['N', 10],
  ])
  expect(shapeOf(fresh('resnet20', 'conv', [1, 28, 30], { inputSize: 40, classes: 7, inChannels: 3 }))).toEqual([
    ['N', 3, 40, 40],
    ['N', 7],
  ])
  expect(shapeOf(fresh('resnet20', 'conv', [1, 28, 30], { classes: 'data' }))[1]).toEqual(['N', 10])
})
