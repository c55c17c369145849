import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { GraphBuilder, type Model, tensorOf, tensorValues } from '../graph/index.ts'
import { findGroups, type LayerMatcher, pruneModel } from './index.ts'

const random = seededRandom(7)
const normal = (shape: readonly number[]) =>
  tensorOf(
    'float32',
    shape,
    Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, () => random.normal()),
  )

/** x [1,2,4,4] → conv a (4 filters) → relu → conv b (3 filters) → output. */
function twoConvolutions(weights = normal([4, 2, 1, 1])): Model {
  const b = new GraphBuilder('two')
  const x = b.input('x', 'float32', [1, 2, 4, 4])
  const a = b.node('Relu', [
    b.node('Conv', [x, b.constant('a.weight', weights), b.constant('a.bias', normal([4]))], {}, { name: 'a' }),
  ])
  b.output(b.node('Conv', [a, b.constant('b.weight', normal([3, 4, 1, 1]))], {}, { name: 'b' }))
  return b.model()
}

const layer = (name: string): LayerMatcher => ({ pattern: name, matches: (names) => names.includes(name) })
const shapeOf = (model: Model, name: string) => model.graph.initializers.get(name)?.shape

describe('filter pruning', () => {
  it('removes the filters of smallest norm, their bias and the next layer’s inputs', () => {
    const weights = tensorOf('float32', [4, 2, 1, 1], [3, 3, 1, 0, 0, 2, 5, 5])
    const model = twoConvolutions(weights)
    const { model: cut, groups } = pruneModel(model, { criterion: 'l1', scope: { ratio: 0.5 } })
    expect(groups.map((g) => [g.name, g.channels, g.kept])).toEqual([['a', 4, 2]])
    expect([...tensorValues(cut.graph.initializers.get('a.weight') as never)]).toEqual([3, 3, 5, 5])
    const bias = tensorValues(model.graph.initializers.get('a.bias') as never)
    expect([...tensorValues(cut.graph.initializers.get('a.bias') as never)]).toEqual([bias[0], bias[3]])
    expect(shapeOf(cut, 'b.weight')).toEqual([3, 2, 1, 1])
    // The given model is as it was.
    expect(shapeOf(model, 'a.weight')).toEqual([4, 2, 1, 1])
  })

  it('ranks by the norm that was asked for', () => {
    // Filter 0 has the larger sum of absolute values, filter 1 the larger root of the sum of squares.
    const weights = tensorOf('float32', [4, 2, 1, 1], [3, 3, 5, 0, 9, 9, 9, 9])
    const kept = (criterion: 'l1' | 'l2') => {
      const { model } = pruneModel(twoConvolutions(weights), { criterion, scope: { ratio: 0.25 } })
      return [...tensorValues(model.graph.initializers.get('a.weight') as never)].slice(0, 2)
    }
    expect(kept('l1')).toEqual([3, 3])
    expect(kept('l2')).toEqual([5, 0])
  })

  it('chooses the same channels for the same seed, others for another', () => {
    const kept = (seed: number) =>
      pruneModel(twoConvolutions(tensorOf('float32', [4, 2, 1, 1], [1, 1, 2, 2, 3, 3, 4, 4])), {
        criterion: 'random',
        seed,
        scope: { ratio: 0.5 },
      }).model.graph.initializers.get('a.weight')
    const of = (seed: number) => tensorValues(kept(seed) as never).join()
    expect(of(1)).toBe(of(1))
    expect(new Set([1, 2, 3, 4, 5, 6].map(of)).size).toBeGreaterThan(1)
  })

  it('refuses by name what reaches an output', () => {
    const { refused } = findGroups(twoConvolutions())
    expect(refused).toEqual([{ node: 'b', why: expect.stringContaining('it reaches the graph output'), channels: 3 }])
  })

  it('leaves alone what it is asked to keep, and says when nothing is left', () => {
    const prune = () => pruneModel(twoConvolutions(), { scope: { ratio: 0.5 }, keep: [layer('a')] })
    expect(prune).toThrow(/No channels of the model can be removed. .*a: it was asked to be kept/)
  })

  it('does not accept a pattern that means no layer', () => {
    expect(() => pruneModel(twoConvolutions(), { scope: { ratio: 0.5 }, keep: [layer('c')] })).toThrow(
      'The pattern "c" matches no convolution or linear layer of the model. Its layers are called "a", "b"',
    )
  })

  it.each([0, 1, -0.5, Number.NaN])('does not accept the ratio %s', (ratio) => {
    expect(() => pruneModel(twoConvolutions(), { scope: { ratio } })).toThrow(/between 0 and 1/)
  })
})

describe('groups', () => {
  it('ties both branches of a residual addition, and the layers that read it', () => {
    const b = new GraphBuilder('residual')
    const x = b.input('x', 'float32', [1, 3, 4, 4])
    const stem = b.node('Conv', [x, b.constant('stem.weight', normal([6, 3, 1, 1]))], {}, { name: 'stem' })
    const body = b.node('Conv', [stem, b.constant('body.weight', normal([6, 6, 1, 1]))], {}, { name: 'body' })
    const sum = b.node('Add', [stem, body])
    b.output(b.node('Conv', [sum, b.constant('head.weight', normal([2, 6, 1, 1]))], {}, { name: 'head' }))
    const found = findGroups(b.model())
    expect(found.groups.map((g) => g.roots.map((r) => r.tensor))).toEqual([['stem.weight', 'body.weight']])
    const { model } = pruneModel(b.model(), { scope: { ratio: 0.5 } })
    expect(['stem', 'body', 'head'].map((n) => shapeOf(model, `${n}.weight`))).toEqual([
      [3, 3, 1, 1],
      [3, 3, 1, 1],
      [2, 3, 1, 1],
    ])
  })

  it('takes equally many from each group of a grouped convolution', () => {
    const b = new GraphBuilder('grouped')
    const x = b.input('x', 'float32', [1, 3, 4, 4])
    const stem = b.node('Conv', [x, b.constant('stem.weight', normal([8, 3, 1, 1]))])
    const grouped = b.node(
      'Conv',
      [stem, b.constant('grouped.weight', normal([4, 4, 1, 1]))],
      { group: 2 },
      { name: 'grouped' },
    )
    b.output(b.node('Conv', [grouped, b.constant('head.weight', normal([2, 4, 1, 1]))]))
    const { model, groups } = pruneModel(b.model(), { scope: { ratio: 0.5 } })
    expect(groups.map((g) => g.kept)).toEqual([4, 2])
    expect(shapeOf(model, 'grouped.weight')).toEqual([2, 2, 1, 1])
    expect(model.graph.nodes.find((n) => n.name === 'grouped')?.attributes.get('group')).toEqual({
      kind: 'int',
      value: 2,
    })
  })

  it('sees a one-output convolution for what it is, and a depthwise one too', () => {
    const b = new GraphBuilder('depthwise')
    const x = b.input('x', 'float32', [1, 3, 4, 4])
    const stem = b.node('Conv', [x, b.constant('stem.weight', normal([4, 3, 1, 1]))])
    const depthwise = b.node(
      'Conv',
      [stem, b.constant('dw.weight', normal([4, 1, 1, 1]))],
      { group: 4 },
      { name: 'dw' },
    )
    const single = b.node(
      'Conv',
      [depthwise, b.constant('single.weight', normal([1, 4, 1, 1]))],
      {},
      { name: 'single' },
    )
    b.output(b.node('Conv', [single, b.constant('head.weight', normal([2, 1, 1, 1]))]))
    const { model } = pruneModel(b.model(), { scope: { ratio: 0.5 } })
    expect(shapeOf(model, 'dw.weight')).toEqual([2, 1, 1, 1])
    expect(model.graph.nodes.find((n) => n.name === 'dw')?.attributes.get('group')).toEqual({ kind: 'int', value: 2 })
    // One channel cannot be halved.
    expect(shapeOf(model, 'single.weight')).toEqual([1, 2, 1, 1])
  })

  it('keeps a weight that two layers share in one piece', () => {
    const b = new GraphBuilder('shared')
    const x = b.input('x', 'float32', [1, 3, 4, 4])
    const w = b.constant('w', normal([3, 3, 1, 1]))
    const first = b.node('Conv', [x, w])
    b.output(b.node('Conv', [first, w]))
    expect(() => pruneModel(b.model(), { scope: { ratio: 0.5 } })).toThrow(/No channels/)
  })
})

describe('scope', () => {
  /** Two layers of which the first has much smaller filters in one half. */
  function uneven(): Model {
    const b = new GraphBuilder('uneven')
    const x = b.input('x', 'float32', [1, 1, 4, 4])
    const first = b.node(
      'Conv',
      [x, b.constant('one', tensorOf('float32', [8, 1, 1, 1], [0.1, 0.2, 0.1, 0.2, 9, 9, 9, 9]))],
      {},
      { name: 'layer.one' },
    )
    const second = b.node(
      'Conv',
      [
        first,
        b.constant(
          'two',
          tensorOf(
            'float32',
            [8, 8, 1, 1],
            Float32Array.from({ length: 64 }, (_, i) => 1 + i / 1000),
          ),
        ),
      ],
      {},
      { name: 'layer.two' },
    )
    b.output(b.node('Conv', [second, b.constant('head', normal([2, 8, 1, 1]))]))
    return b.model()
  }
  const kept = (scope: Parameters<typeof pruneModel>[1]['scope']) =>
    pruneModel(uneven(), { scope }).groups.map((g) => g.kept)

  it('removes the same part of each group, locally', () => expect(kept({ ratio: 0.25 })).toEqual([6, 6]))
  it('removes the least of all, globally', () => expect(kept({ ratio: 0.25, global: true })).toEqual([4, 8]))
  it('caps what one group may lose', () => expect(kept({ ratio: 0.25, global: true, maxRatio: 0.25 })).toEqual([6, 6]))
  it('follows ratios of single layers', () =>
    expect(kept({ ratio: 0.5, perLayer: [{ ...layer('layer.two'), ratio: 0 }] })).toEqual([4, 8]))
  it('rounds what stays up to a multiple', () => expect(kept({ ratio: 0.6, roundTo: 4 })).toEqual([4, 4]))

  it('reaches a target for MACs with the smallest ratio that does', () => {
    const { before, after, ratio } = pruneModel(uneven(), { target: { of: 'macs', part: 0.5 } })
    expect(after.macs).toBeLessThanOrEqual(before.macs / 2)
    const less = pruneModel(uneven(), { scope: { ratio: (ratio as number) - 0.001 } })
    expect(less.after.macs).toBeGreaterThan(before.macs / 2)
  })

  it('says how far it could go when a target cannot be reached', () => {
    expect(() => pruneModel(uneven(), { target: { of: 'params', part: 0.01 } })).toThrow(
      /Even with all removable channels .* remain/,
    )
  })
})

describe('Linear(1024, 512), 30 % at random', () => {
  const b = new GraphBuilder('linear')
  const x = b.input('x', 'float32', [1, 1024])
  b.output(
    b.node('Gemm', [x, b.constant('weight', normal([512, 1024])), b.constant('bias', normal([512]))], { transB: 1 }),
  )
  const linear = b.model()
  const options = { criterion: 'random', seed: 1, scope: { ratio: 0.3 } } as const

  it('weight-wise: 367,514 of 524,800 parameters are not zero, all are executed', () => {
    const { before, after } = pruneModel(linear, { ...options, methods: ['weight'] })
    expect([before.params, before.nonZeroParams, before.macs]).toEqual([524_800, 524_800, 524_288])
    expect([after.params, after.nonZeroParams, after.macs]).toEqual([524_800, 367_514, 524_288])
  })

  it('neuron-wise: 358 outputs remain', () => {
    const { model, after } = pruneModel(linear, { ...options, methods: ['neuron'], outputsMayShrink: true })
    expect(model.graph.initializers.get('weight')?.shape).toEqual([358, 1024])
    expect([after.params, after.macs]).toEqual([366_950, 366_592])
  })

  it('input-wise: 717 inputs remain', () => {
    const { model, after } = pruneModel(linear, { ...options, methods: ['input'] })
    expect(model.graph.initializers.get('weight')?.shape).toEqual([512, 717])
    expect(after.params).toBe(367_616)
  })
})
