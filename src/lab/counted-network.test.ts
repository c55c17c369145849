import { describe, expect, it } from 'vitest'
import { adderConvolution, nets } from '../nets/index.ts'
import { type Counting, countBy, countings, countingText, countNetwork, sumOf } from './counted-network.ts'

const plain: Counting = {
  ...{ first: 1, classifier: 1, shortcuts: 'convolution', biases: 0, normalisation: 0 },
  ...{ activation: 0, addition: 0, pooling: 0, thousand: 1000 },
}

describe('what the nodes of a network do', () => {
  it('LeNet-5-BN, by hand', () => {
    const { layers, ...passed } = countNetwork(nets.lenet5_bn({ batch: 1 }))
    // 6 · 28² · 25, 16 · 10² · 150, 120 · 400, 84 · 120, 10 · 84.
    expect(layers.map((l) => l.muls)).toEqual([117_600, 240_000, 48_000, 10_080, 840])
    for (const { muls, adds, formula } of layers) expect({ muls, adds }).toEqual(formula)
    const hidden = 6 * 28 * 28 + 16 * 10 * 10 + 120 + 84
    expect(passed).toEqual({
      weighted: hidden + 10,
      normalised: hidden,
      activated: hidden,
      added: 0,
      pooled: 6 * 28 * 28 + 16 * 10 * 10,
    })
  })

  it('adder layers are told apart', () => {
    const { layers } = countNetwork(nets.lenet5_bn({ batch: 1, convolution: adderConvolution }))
    expect(layers.map((l) => l.adder)).toEqual([false, true, true, true, false])
    expect(layers[1]).toMatchObject({ muls: 0, adds: 480_000 })
  })

  it('ResNet-20 adds nine shortcuts', () => {
    const { added } = countNetwork(nets.resnet20({ batch: 1 }))
    expect(added).toBe(3 * (16 * 32 * 32 + 32 * 16 * 16 + 64 * 8 * 8))
  })
})

describe('a way of counting', () => {
  const convolution = countNetwork(nets.resnet20({ batch: 1 }))
  const padding = countNetwork(nets.resnet20({ batch: 1, shortcut: 'pad' }))
  const both = { convolution, padding }

  it('adds up what it counts', () => {
    const all = sumOf(convolution.layers, (l) => l.muls)
    expect(all).toBe(40_813_184)
    expect(countBy(plain, both, 2)).toBe(all)
    expect(countBy({ ...plain, first: 0 }, both, 2)).toBe(all - 442_368)
    expect(countBy({ ...plain, classifier: 0 }, both, 2)).toBe(all - 640)
    expect(countBy({ ...plain, shortcuts: 'padding' }, both, 2)).toBe(all - 262_144)
    expect(countBy({ ...plain, biases: 1, normalisation: 3 }, both, 2)).toBe(
      all + convolution.weighted + 3 * convolution.normalised,
    )
    expect(countBy({ ...plain, activation: 2, addition: 1, pooling: 1 }, both, 2)).toBe(
      all + 2 * convolution.activated + convolution.added + 64 * 8 * 8,
    )
    expect(countBy({ ...plain, thousand: 1024 }, both, 2)).toBeCloseTo(all / 1.048576, 3)
  })

  it('all are different, the plain one is the first', () => {
    expect(countings[0]).toEqual(plain)
    expect(new Set(countings.map(countingText)).size).toBe(countings.length)
    expect(countings).toHaveLength(2880)
  })

  it('has words', () => {
    expect(countingText(plain)).toBe('convolutions, classifier')
    expect(countingText({ ...plain, first: 0, shortcuts: 'padding', normalisation: 2, thousand: 1024 })).toBe(
      'convolutions but the first, classifier, shortcuts free, 2 per normalised number, K = 1024',
    )
  })
})
