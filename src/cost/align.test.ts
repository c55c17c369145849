import { describe, expect, it } from 'vitest'
import { GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { alignLayers } from './align.ts'
import { compareMany, compareProfiles } from './compare.ts'
import { profileModel } from './profile.ts'

interface Spec {
  readonly name: string
  readonly op?: string
  readonly kernel?: number
}

/** Convolutions of 4 channels that keep the size, and activations, in a chain. */
function chain(...layers: readonly Spec[]): Model {
  const b = new GraphBuilder('chain')
  let x = b.input('x', 'float32', [1, 4, 8, 8])
  layers.forEach(({ name, op = 'Conv', kernel = 1 }, i) => {
    const w = tensorOf('float32', [4, 4, kernel, kernel], new Float32Array(16 * kernel * kernel))
    const pads = new Array(4).fill(kernel >> 1)
    const isLayer = op.includes('Conv')
    x = b.node(op, isLayer ? [x, b.constant(`w${i}`, w)] : [x], isLayer ? { pads } : {}, {
      name,
      domain: op === 'AdderConv' ? 'ai.kerf' : '',
    })
  })
  b.output(x)
  return b.model()
}
const layersOf = (...layers: readonly Spec[]) => profileModel(chain(...layers)).layers
const pairs = (a: readonly Spec[], b: readonly Spec[]) =>
  alignLayers(layersOf(...a), layersOf(...b)).map(([x, y]) => [x?.name ?? null, y?.name ?? null])

describe('layers are matched', () => {
  it('by name, whatever they are', () => {
    expect(pairs([{ name: 'a' }, { name: 'b', kernel: 3 }], [{ name: 'b' }])).toEqual([
      ['a', null],
      ['b', 'b'],
    ])
  })

  it('by kind, window and size where names differ', () => {
    const a = [
      { name: 'conv1', kernel: 3 },
      { name: 'relu', op: 'Relu' },
      { name: 'conv2' },
      { name: 'last', kernel: 3 },
    ]
    const b = [{ name: 'n0', kernel: 3 }, { name: 'n1' }, { name: 'n2', kernel: 3 }]
    expect(pairs(a, b)).toEqual([
      ['conv1', 'n0'],
      ['relu', null],
      ['conv2', 'n1'],
      ['last', 'n2'],
    ])
  })

  it('by nothing where less than half of them fit', () => {
    const a = [{ name: 'a', kernel: 3 }, { name: 'b', kernel: 3 }, { name: 'c' }]
    const b = [{ name: 'd', kernel: 5 }, { name: 'e', kernel: 5 }, { name: 'f' }]
    expect(
      pairs(a, b)
        .flat()
        .filter((n) => n !== null),
    ).toHaveLength(6)
    expect(pairs(a, b)).not.toContainEqual(['c', 'f'])
  })

  it('also where one is an adder convolution, which the comparison says', () => {
    const [a, b] = [chain({ name: 'first' }), chain({ name: 'other', op: 'AdderConv' })].map((m) =>
      profileModel(m),
    ) as [ReturnType<typeof profileModel>, ReturnType<typeof profileModel>]
    const [layer] = compareProfiles(a, b).layers
    expect(layer).toMatchObject({ name: 'first', op: 'Conv → AdderConv', macs: { a: 1024, b: 0 } })
  })
})

describe('any number of networks', () => {
  it('has a number per network, and ratios to the first', () => {
    const { totals, layers } = compareMany(
      [
        chain({ name: 'a' }, { name: 'b' }),
        chain({ name: 'a', kernel: 3 }, { name: 'b' }),
        chain({ name: 'b' }, { name: 'new', op: 'Sigmoid' }),
      ].map((m) => profileModel(m)),
    )
    expect(totals.macs).toEqual({ values: [2048, 10240, 1024], ratios: [1, 5, 0.5], partial: [] })
    expect(layers.map((l) => [l.name, l.op, ...l.layers.map((x) => x?.macs ?? null)])).toEqual([
      ['a', 'Conv', 1024, 9216, null],
      ['b', 'Conv', 1024, 1024, 1024],
      ['new', 'Sigmoid', null, null, 0],
    ])
  })
})
