import { describe, expect, it } from 'vitest'
import type { NamePattern } from '../base/index.ts'
import { seededRandom } from '../base/index.ts'
import { analyse, GraphBuilder, type Model, type Node, tensorOf, tensorValues } from '../graph/index.ts'
import { operators } from '../ops/index.ts'
import { findGroups, pruneModel, type Scope } from './index.ts'

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

const layer = (text: string): NamePattern => ({ text, matches: (name) => name === text })
const shapeOf = (model: Model, name: string) => model.graph.initializers.get(name)?.shape

describe('filter pruning', () => {
  it('removes the filters of smallest norm, their bias and the next layer’s inputs', async () => {
    const weights = tensorOf('float32', [4, 2, 1, 1], [3, 3, 1, 0, 0, 2, 5, 5])
    const model = twoConvolutions(weights)
    const { model: cut, groups } = await pruneModel(model, { criterion: 'l1', scope: { ratio: 0.5 } })
    expect(groups.map((g) => [g.name, g.channels, g.kept])).toEqual([['a', 4, 2]])
    expect([...tensorValues(cut.graph.initializers.get('a.weight') as never)]).toEqual([3, 3, 5, 5])
    const bias = tensorValues(model.graph.initializers.get('a.bias') as never)
    expect([...tensorValues(cut.graph.initializers.get('a.bias') as never)]).toEqual([bias[0], bias[3]])
    expect(shapeOf(cut, 'b.weight')).toEqual([3, 2, 1, 1])
    // The given model is as it was.
    expect(shapeOf(model, 'a.weight')).toEqual([4, 2, 1, 1])
  })

  it('ranks by the norm that was asked for', async () => {
    // Filter 0 has the larger sum of absolute values, filter 1 the larger root of the sum of squares.
    const weights = tensorOf('float32', [4, 2, 1, 1], [3, 3, 5, 0, 9, 9, 9, 9])
    const kept = async (criterion: 'l1' | 'l2') => {
      const { model } = await pruneModel(twoConvolutions(weights), { criterion, scope: { ratio: 0.25 } })
      return [...tensorValues(model.graph.initializers.get('a.weight') as never)].slice(0, 2)
    }
    expect(await kept('l1')).toEqual([3, 3])
    expect(await kept('l2')).toEqual([5, 0])
  })

  it('chooses the same channels for the same seed, others for another', async () => {
    const kept = async (seed: number) =>
      (
        await pruneModel(twoConvolutions(tensorOf('float32', [4, 2, 1, 1], [1, 1, 2, 2, 3, 3, 4, 4])), {
          criterion: 'random',
          seed,
          scope: { ratio: 0.5 },
        })
      ).model.graph.initializers.get('a.weight')
    const of = async (seed: number) => tensorValues((await kept(seed)) as never).join()
    expect(await of(1)).toBe(await of(1))
    expect(new Set(await Promise.all([1, 2, 3, 4, 5, 6].map(of))).size).toBeGreaterThan(1)
  })

  it('refuses by name what reaches an output', () => {
    const { refused } = findGroups(twoConvolutions())
    expect(refused).toEqual([{ node: 'b', why: expect.stringContaining('it reaches the graph output'), channels: 3 }])
  })

  it('leaves alone what it is asked to keep, and says when nothing is left', async () => {
    const prune = () => pruneModel(twoConvolutions(), { scope: { ratio: 0.5 }, keep: [layer('a')] })
    await expect(prune()).rejects.toThrow(/No channels of the model can be removed. .*a: it was asked to be kept/)
  })

  it('does not accept a pattern that means no layer', async () => {
    await expect(pruneModel(twoConvolutions(), { scope: { ratio: 0.5 }, keep: [layer('c')] })).rejects.toThrow(
      'The pattern "c" matches no convolution or linear layer of the model. Its layers are called "a", "b"',
    )
  })

  it.each([0, 1, -0.5, Number.NaN])('does not accept the ratio %s', async (ratio) => {
    await expect(pruneModel(twoConvolutions(), { scope: { ratio } })).rejects.toThrow(/between 0 and 1/)
  })
})

describe('groups', () => {
  it('ties both branches of a residual addition, and the layers that read it', async () => {
    const b = new GraphBuilder('residual')
    const x = b.input('x', 'float32', [1, 3, 4, 4])
    const stem = b.node('Conv', [x, b.constant('stem.weight', normal([6, 3, 1, 1]))], {}, { name: 'stem' })
    const body = b.node('Conv', [stem, b.constant('body.weight', normal([6, 6, 1, 1]))], {}, { name: 'body' })
    const sum = b.node('Add', [stem, body])
    b.output(b.node('Conv', [sum, b.constant('head.weight', normal([2, 6, 1, 1]))], {}, { name: 'head' }))
    const found = findGroups(b.model())
    expect(found.groups.map((g) => g.roots.map((r) => r.tensor))).toEqual([['stem.weight', 'body.weight']])
    const { model } = await pruneModel(b.model(), { scope: { ratio: 0.5 } })
    expect(['stem', 'body', 'head'].map((n) => shapeOf(model, `${n}.weight`))).toEqual([
      [3, 3, 1, 1],
      [3, 3, 1, 1],
      [2, 3, 1, 1],
    ])
  })

  it('keeps of each group what would be kept of a layer of its size', async () => {
    // 13 groups of 8 at 0.3: ⌊8 · 0.7⌋ = 5 of each, 65 in all, and not the 72 of 104 that a plain layer keeps.
    const b = new GraphBuilder('rounding')
    const x = b.input('x', 'float32', [1, 3, 2, 2])
    const stem = b.node('Conv', [x, b.constant('stem.weight', normal([104, 3, 1, 1]))])
    const grouped = b.node('Conv', [stem, b.constant('grouped.weight', normal([104, 8, 1, 1]))], { group: 13 })
    b.output(b.node('Conv', [grouped, b.constant('head.weight', normal([2, 104, 1, 1]))]))
    const kept = async (scope: object) =>
      (await pruneModel(b.model(), { scope: { ratio: 0.3, ...scope } })).groups.map((g) => g.kept)
    expect(await kept({})).toEqual([65, 65])
    expect(await kept({ roundTo: 2 })).toEqual([78, 78])
    expect(await kept({ ratio: 0.99 })).toEqual([13, 13])
  })

  it('takes equally many from each group of a grouped convolution', async () => {
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
    const { model, groups } = await pruneModel(b.model(), { scope: { ratio: 0.5 } })
    expect(groups.map((g) => g.kept)).toEqual([4, 2])
    expect(shapeOf(model, 'grouped.weight')).toEqual([2, 2, 1, 1])
    expect(model.graph.nodes.find((n) => n.name === 'grouped')?.attributes.get('group')).toEqual({
      kind: 'int',
      value: 2,
    })
  })

  it('takes no fewer from each group than the ratio asks for', async () => {
    const b = new GraphBuilder('grouped')
    const x = b.input('x', 'float32', [1, 3, 4, 4])
    const stem = b.node('Conv', [x, b.constant('stem.weight', normal([104, 3, 1, 1]))], {}, { name: 'stem' })
    const grouped = b.node('Conv', [stem, b.constant('grouped.weight', normal([104, 8, 1, 1]))], { group: 13 })
    b.output(b.node('Conv', [grouped, b.constant('head.weight', normal([2, 104, 1, 1]))]))
    // 0.7 of 8 are 5.6: 5 stay in each of 13 groups.
    expect((await pruneModel(b.model(), { scope: { ratio: 0.3 } })).groups.map((g) => g.kept)).toEqual([65, 65])
  })

  it('sees a one-output convolution for what it is, and a depthwise one too', async () => {
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
    const { model } = await pruneModel(b.model(), { scope: { ratio: 0.5 } })
    expect(shapeOf(model, 'dw.weight')).toEqual([2, 1, 1, 1])
    expect(model.graph.nodes.find((n) => n.name === 'dw')?.attributes.get('group')).toEqual({ kind: 'int', value: 2 })
    // One channel cannot be halved.
    expect(shapeOf(model, 'single.weight')).toEqual([1, 2, 1, 1])
  })

  it('keeps a weight that two layers share in one piece', async () => {
    const b = new GraphBuilder('shared')
    const x = b.input('x', 'float32', [1, 3, 4, 4])
    const w = b.constant('w', normal([3, 3, 1, 1]))
    const first = b.node('Conv', [x, w])
    b.output(b.node('Conv', [first, w]))
    await expect(pruneModel(b.model(), { scope: { ratio: 0.5 } })).rejects.toThrow(/No channels/)
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
  const kept = async (scope: Parameters<typeof pruneModel>[1]['scope']) =>
    (await pruneModel(uneven(), { scope })).groups.map((g) => g.kept)

  it('removes the same part of each group, locally', async () => expect(await kept({ ratio: 0.25 })).toEqual([6, 6]))
  it('removes the least of all, globally', async () =>
    expect(await kept({ ratio: 0.25, global: true })).toEqual([4, 8]))
  it('caps what one group may lose', async () =>
    expect(await kept({ ratio: 0.25, global: true, maxRatio: 0.25 })).toEqual([6, 6]))
  it('follows ratios of single layers', async () =>
    expect(await kept({ ratio: 0.5, perLayer: [{ ...layer('layer.two'), ratio: 0 }] })).toEqual([4, 8]))
  it('rounds what stays up to a multiple', async () => expect(await kept({ ratio: 0.6, roundTo: 4 })).toEqual([4, 4]))

  it('reaches a target for MACs with the smallest ratio that does', async () => {
    const { before, after, ratio } = await pruneModel(uneven(), { target: { of: 'macs', part: 0.5 } })
    expect(after.macs).toBeLessThanOrEqual(before.macs / 2)
    const less = await pruneModel(uneven(), { scope: { ratio: ratio! - 0.001 } })
    expect(less.after.macs).toBeGreaterThan(before.macs / 2)
  })

  it('says how far it could go when a target cannot be reached', async () => {
    await expect(pruneModel(uneven(), { target: { of: 'params', part: 0.01 } })).rejects.toThrow(
      /Even with all removable channels .* remain/,
    )
  })
})

describe('nothing to do, or little', () => {
  it('says which method would find channels, or that the outputs are all there is', async () => {
    const b = new GraphBuilder('linear')
    const hidden = b.node(
      'MatMul',
      [b.input('x', 'float32', [1, 8]), b.constant('w1', normal([8, 6]))],
      {},
      { name: 'hidden' },
    )
    b.output(b.node('MatMul', [hidden, b.constant('w2', normal([6, 3]))], {}, { name: 'last' }))
    const half = { scope: { ratio: 0.5 } }
    await expect(pruneModel(b.model(), half)).rejects.toThrow(
      'No channels of the model can be removed. --method neuron would find 1 group.',
    )
    const keep = [layer('hidden')]
    await expect(pruneModel(b.model(), { ...half, methods: ['neuron'], keep })).rejects.toThrow(
      /^No channels of the model can be removed\. hidden: it was asked to be kept\. last: .* --allow-outputs would find 1 group\.$/,
    )
  })

  it('says that a quantised network is pruned first, where its weights are codes that cannot be cut', async () => {
    const b = new GraphBuilder('quantised')
    const outputs = ['codes', 'scale', 'zero']
    const codes = b.node('DynamicQuantizeLinear', [b.input('x', 'float32', [1, 2, 4, 4])], {}, { outputs })
    const weight = b.constant('w', tensorOf('uint8', [3, 2, 1, 1], [1, 2, 3, 4, 5, 6]))
    const zero = b.constant('wz', tensorOf('uint8', [], [7]))
    const product = b.node('ConvInteger', [codes, weight, 'zero', zero], {}, { name: 'conv' })
    b.output(b.node('Mul', [b.node('Cast', [product], { to: 1 }), 'scale']))
    await expect(pruneModel(b.model(), { scope: { ratio: 0.5 } })).rejects.toThrow(
      /The network is quantised: prune the one that it was made of, and quantise after\.$/,
    )
  })

  it('does not write what it was given', async () => {
    const prune = (scope: Scope) => pruneModel(twoConvolutions(), { scope })
    await expect(prune({ ratio: 0.5, roundTo: 1000 })).rejects.toThrow(
      'Nothing would be removed: --round-to 1000 keeps every width as it is: the widest of 1 group has 4 channels. Round to less.',
    )
    await expect(prune({ ratio: 0.1, global: true })).rejects.toThrow(
      /the ratios asked for take no channel of 1 group, the widest of 4/,
    )
    const weights = () => pruneModel(twoConvolutions(), { methods: ['weight'], scope: { ratio: 0.01 } })
    await expect(weights()).rejects.toThrow(
      'Nothing would be removed: the ratio 0.01 takes no weight of any layer, the largest of 12. Ask for more.',
    )
  })

  it('warns where rounding takes most of it back', async () => {
    const b = new GraphBuilder('rounded')
    const wide = b.node('Conv', [b.input('x', 'float32', [1, 2, 4, 4]), b.constant('wide', normal([40, 2, 1, 1]))])
    b.output(b.node('Conv', [wide, b.constant('last', normal([3, 40, 1, 1]))]))
    const { warnings, groups } = await pruneModel(b.model(), { scope: { ratio: 0.5, roundTo: 32 } })
    expect(groups[0]?.kept).toBe(32)
    expect(warnings).toEqual([
      'Much less goes than was asked for: 8 of 40 channels (20 %), not 50 %. Widths are rounded up to multiples of 32.',
    ])
    expect((await pruneModel(b.model(), { scope: { ratio: 0.5, roundTo: 8 } })).warnings).toEqual([])
  })
})

describe('N of M weights', () => {
  const zeros = (model: Model, name: string) =>
    [...tensorValues(model.graph.initializers.get(name) as never)].map((w) => Number(w === 0))

  it('stay of the inputs of each output channel and tap, those of highest score', async () => {
    const b = new GraphBuilder('nm')
    // Two outputs, five inputs, two taps: w[o][i][t].
    const values = [
      [9, 1, 2, 8, 3, 3, 4, 4, 5, 5],
      [0.1, 7, 0.2, 6, 0.3, 5, -9, 4, 0, 1],
    ].flat()
    const conv = b.node('Conv', [
      b.input('x', 'float32', [1, 5, 1, 4]),
      b.constant('w', tensorOf('float32', [2, 5, 1, 2], values)),
    ])
    const flat = b.node('Flatten', [conv])
    b.output(b.node('MatMul', [flat, b.constant('m', tensorOf('float32', [6, 1], [1, -4, 3, 2, 2, 1]))]))
    const { model, groups } = await pruneModel(b.model(), { methods: ['nm'], pattern: { n: 2, m: 4 } })
    // Inputs 0 to 3 lose two for each tap; the fifth stays.
    expect(zeros(model, 'w')).toEqual([...[0, 1, 1, 0, 1, 1, 0, 0, 0, 0], ...[1, 0, 1, 0, 0, 1, 0, 1, 1, 0]])
    // Of the last two, as many as of four may stay.
    expect(zeros(model, 'm')).toEqual([1, 0, 0, 1, 0, 0])
    expect(groups.map((g) => [g.channels, g.kept])).toEqual([
      [20, 12],
      [6, 4],
    ])
  })
  it('of equal ones the first, by default 2 of 4; what has too few inputs is left', async () => {
    const weights = tensorOf('float32', [3, 4, 1, 1], new Float32Array(12).fill(1))
    const b = new GraphBuilder('equal')
    const x = b.input('x', 'float32', [1, 4, 2, 2])
    const a = b.node('Conv', [x, b.constant('a', weights)])
    b.output(b.node('Conv', [a, b.constant('d', normal([3, 1, 1, 1]))], { group: 3 }))
    const { model } = await pruneModel(b.model(), { methods: ['nm'] })
    expect(zeros(model, 'a')).toEqual([0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1])
    expect(zeros(model, 'd')).toEqual([0, 0, 0])
  })
  it('of a transposed convolution in groups within each group', async () => {
    const b = new GraphBuilder('transposed')
    const w = b.constant('w', tensorOf('float32', [6, 1, 1, 1], [3, 1, 2, 2, 3, 1]))
    b.output(b.node('ConvTranspose', [b.input('x', 'float32', [1, 6, 2, 2]), w], { group: 2 }))
    const { model } = await pruneModel(b.model(), { methods: ['nm'], pattern: { n: 2, m: 4 } })
    expect(zeros(model, 'w')).toEqual([0, 1, 0, 0, 0, 1])
  })
  it.each([
    { n: 4, m: 4 },
    { n: 0, m: 4 },
    { n: 1.5, m: 4 },
  ])('$n of $m are none', async (pattern) => {
    const error = { code: 'bad-options', message: expect.stringContaining(`${pattern.n}:4`) }
    await expect(pruneModel(twoConvolutions(), { methods: ['nm'], pattern })).rejects.toMatchObject(error)
  })
  it('takes no ratio, and other methods no pattern', async () => {
    const pattern = { n: 1, m: 2 }
    const both = pruneModel(twoConvolutions(), { methods: ['nm'], scope: { ratio: 0.5 } })
    await expect(both).rejects.toMatchObject({ code: 'bad-options' })
    const other = pruneModel(twoConvolutions(), { scope: { ratio: 0.5 }, pattern })
    await expect(other).rejects.toThrow('A pattern is for the method nm alone; the methods are filter.')
    const wide = pruneModel(twoConvolutions(), { methods: ['nm'], pattern: { n: 15, m: 16 } })
    await expect(wide).rejects.toThrow('Nothing would be removed: the pattern 15:16 takes no weight of any layer')
  })
})

describe('graphs that ask for their own sizes', () => {
  /** Both branches have 8 channels; the second, which a product over channels keeps whole, is shaped by the width of the first. */
  function shapedByAnother(size: (b: GraphBuilder, trunk: string) => string): Model {
    const b = new GraphBuilder('sizes')
    const x = b.input('x', 'float32', ['N', 3, 4, 4])
    const trunk = b.node('Conv', [x, b.constant('trunk.weight', normal([8, 3, 1, 1]))], {}, { name: 'trunk' })
    const other = b.node('Conv', [x, b.constant('other.weight', normal([8, 3, 1, 1]))], {}, { name: 'other' })
    const mixed = b.node('Softmax', [other], { axis: 1 })
    const flat = b.node('Reshape', [mixed, size(b, trunk)])
    const mean = b.node('ReduceMean', [flat], { keepdims: 0 })
    b.output(
      b.node('Add', [
        b.node('Conv', [trunk, b.constant('head.weight', normal([2, 8, 1, 1]))], {}, { name: 'head' }),
        mean,
      ]),
    )
    return b.model()
  }

  it('keep a size that shapes what does not shrink, and leave the batch open', async () => {
    const model = shapedByAnother((b, trunk) => {
      const shape = b.node('Shape', [trunk])
      const part = (i: number) => b.node('Gather', [shape, b.ints(`i${i}`, [i])])
      return b.node('Concat', [part(0), part(1), b.ints('rest', [16])], { axis: 0 })
    })
    const { model: cut, groups } = await pruneModel(model, { scope: { ratio: 0.5 } })
    expect(groups.map((g) => [g.name, g.kept])).toEqual([['trunk', 4]])
    for (const batch of [1, 3]) {
      const { after } = await pruneModel(cut, { scope: { ratio: 0.5 }, inputs: new Map([['x', [batch, 3, 4, 4]]]) })
      expect(after.macs).toBe(batch * 16 * (3 * 2 + 3 * 8 + 2 * 2))
    }
  })

  it('where no rule foresees what becomes of a shape, that group stays and the others go', async () => {
    const b = new GraphBuilder('unforeseen')
    const x = b.input('x', 'float32', [1, 3, 4, 4])
    const one = b.node('Conv', [x, b.constant('one.weight', normal([8, 3, 1, 1]))], {}, { name: 'one' })
    const two = b.node('Conv', [x, b.constant('two.weight', normal([8, 3, 1, 1]))], {}, { name: 'two' })
    // Ones of the shape of a layer that shrinks, added to one that does not.
    const ones = b.node('ConstantOfShape', [b.node('Shape', [one])], { value: tensorOf('int64', [1], [1]) })
    const whole = b.node('Cast', [b.node('Softmax', [two], { axis: 1 })], { to: 7 })
    const fixed = b.node('Cast', [b.node('Add', [whole, ones])], { to: 1 })
    const three = b.node('Conv', [x, b.constant('three.weight', normal([6, 3, 1, 1]))], {}, { name: 'three' })
    const sum = b.node('Concat', [one, fixed, three], { axis: 1 })
    b.output(b.node('Conv', [sum, b.constant('head.weight', normal([2, 22, 1, 1]))], {}, { name: 'head' }))
    const { groups, refused } = await pruneModel(b.model(), { scope: { ratio: 0.5 } })
    expect(groups.map((g) => [g.name, g.kept])).toEqual([['three', 3]])
    expect(refused.map((r) => `${r.node}: ${r.why}`)).toContainEqual(
      expect.stringMatching(/^one: .*without some of them Add would not fit/),
    )
  })

  it.each(['Shape', 'Size'])('keep their widths where a %s is an output', async (opType) => {
    const b = new GraphBuilder('told')
    const x = b.input('x', 'float32', [1, 3, 4, 4])
    const one = b.node('Conv', [x, b.constant('one.weight', normal([8, 3, 1, 1]))], {}, { name: 'one' })
    b.output(b.node('Conv', [one, b.constant('head.weight', normal([2, 8, 1, 1]))]))
    const told = b.node(opType, [one])
    b.output(told)
    await expect(pruneModel(b.model(), { scope: { ratio: 0.5 } })).rejects.toMatchObject({
      code: 'nothing-to-prune',
      message: expect.stringMatching(/one: .*how many channels there are is a number that the network calculates with/),
    })
    // What else there is, is cut, and the number stays what it was.
    const two = b.node('Conv', [x, b.constant('two.weight', normal([8, 3, 1, 1]))], {}, { name: 'two' })
    b.output(b.node('Conv', [two, b.constant('foot.weight', normal([2, 8, 1, 1]))]))
    const { groups, model: cut } = await pruneModel(b.model(), { scope: { ratio: 0.5 } })
    expect(groups.map((g) => [g.name, g.kept])).toEqual([['two', 4]])
    const sizes = [b.model(), cut].map((m) => Array.from(analyse(m, operators).values.get(told)?.value?.data ?? []))
    expect(sizes[1]).toEqual(opType === 'Shape' ? [1, 8, 4, 4] : [128])
    expect(sizes[1]).toEqual(sizes[0])
  })
})

describe('model-local functions', () => {
  it('are inlined, also for a target', async () => {
    const { graph, ...rest } = twoConvolutions()
    const [conv, relu] = graph.nodes as [Node, Node]
    const body = { ...relu, inputs: ['t'], outputs: ['o'] }
    const definition = {
      ...{ name: 'Block', domain: 'my', inputs: ['a', 'w', 'b'], outputs: ['o'], attributes: [], defaults: new Map() },
      nodes: [{ ...conv, inputs: ['a', 'w', 'b'], outputs: ['t'] }, body],
      opsetImports: new Map([['', rest.opsetImports.get('')!]]),
    }
    const call = { ...conv, opType: 'Block', domain: 'my', outputs: relu.outputs }
    const opsetImports = new Map([...rest.opsetImports, ['my', 1] as const])
    const model = {
      ...rest,
      opsetImports,
      functions: [definition],
      graph: { ...graph, nodes: [call, ...graph.nodes.slice(2)] },
    }
    const { after, before, groups } = await pruneModel(model, { target: { of: 'macs', part: 0.6 } })
    expect(groups.map((g) => [g.channels, g.kept])).toEqual([[4, 2]])
    expect(after.macs / before.macs).toBe(0.5)
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

  it('weight-wise: 367,514 of 524,800 parameters are not zero, all are executed', async () => {
    const { before, after } = await pruneModel(linear, { ...options, methods: ['weight'] })
    expect([before.params, before.nonZeroParams, before.macs]).toEqual([524_800, 524_800, 524_288])
    expect([after.params, after.nonZeroParams, after.macs]).toEqual([524_800, 367_514, 524_288])
  })

  it('neuron-wise: 358 outputs remain', async () => {
    const { model, after } = await pruneModel(linear, { ...options, methods: ['neuron'], outputsMayShrink: true })
    expect(model.graph.initializers.get('weight')?.shape).toEqual([358, 1024])
    expect([after.params, after.macs]).toEqual([366_950, 366_592])
  })

  it('input-wise: 717 inputs remain', async () => {
    const { model, after } = await pruneModel(linear, { ...options, methods: ['input'] })
    expect(model.graph.initializers.get('weight')?.shape).toEqual([512, 717])
    expect(after.params).toBe(367_616)
  })

  it('input-wise: a weight that the model gives keeps its inputs', async () => {
    const given = {
      ...linear,
      graph: { ...linear.graph, outputs: [...linear.graph.outputs, { name: 'weight', type: undefined }] },
    }
    await expect(pruneModel(given, { ...options, methods: ['input'] })).rejects.toThrow('is read elsewhere, too')
  })
})

describe('widths', () => {
  /** x → a (8) → b (6) → c (2), all 1×1. */
  function chain(): Model {
    const b = new GraphBuilder('chain')
    const conv = (x: string, name: string, out: number, into: number, groups = 1) =>
      b.node('Conv', [x, b.constant(`${name}.weight`, normal([out, into / groups, 1, 1]))], { group: groups }, { name })
    b.output(conv(conv(conv(b.input('x', 'float32', [1, 2, 4, 4]), 'a', 8, 2), 'b', 6, 8), 'c', 2, 6))
    return b.model()
  }

  it('are kept exactly, the best channels of each group; others stay whole', async () => {
    const given = chain()
    const { groups, model } = await pruneModel(given, { widths: new Map([['b', 5]]) })
    expect(groups.map((g) => [g.name, g.kept])).toEqual([
      ['a', 8],
      ['b', 5],
    ])
    expect(shapeOf(model, 'b.weight')).toEqual([5, 8, 1, 1])
    const byRatio = await pruneModel(given, { scope: { ratio: 0, perLayer: [{ ...layer('b'), ratio: 0.16 }] } })
    const weightOf = (m: Model) => [...tensorValues(m.graph.initializers.get('b.weight') as never)]
    expect(weightOf(model)).toEqual(weightOf(byRatio.model))
  })

  it('are the nearest that leave the groups of a grouped convolution equal', async () => {
    const b = new GraphBuilder('grouped')
    const x = b.input('x', 'float32', [1, 2, 4, 4])
    const a = b.node('Conv', [x, b.constant('a.weight', normal([8, 2, 1, 1]))], {}, { name: 'a' })
    b.output(b.node('Conv', [a, b.constant('b.weight', normal([4, 2, 1, 1]))], { group: 4 }, { name: 'b' }))
    const keptOf = async (width: number) =>
      (await pruneModel(b.model(), { widths: new Map([['a', width]]) })).groups.find((g) => g.name === 'a')?.kept
    expect(await keptOf(3)).toBe(4)
    expect(await keptOf(1)).toBe(4)
    await expect(keptOf(7)).rejects.toMatchObject({ code: 'nothing-to-prune' })
  })

  it('are refused for groups that there are not, for other numbers, and beside a ratio', async () => {
    const pruned = (name: string, width: number) => pruneModel(chain(), { widths: new Map([[name, width]]) })
    await expect(pruned('A', 3)).rejects.toThrow(/called "A". Did you mean "a"\? The groups are "a", "b"/)
    await expect(pruned('c', 1)).rejects.toMatchObject({ code: 'unknown-group' })
    for (const width of [0, 2.5, 9, Number.NaN])
      await expect(pruned('a', width)).rejects.toMatchObject({ code: 'bad-width', details: { channels: 8 } })
    await expect(pruneModel(chain(), { widths: new Map(), scope: { ratio: 0.5 } })).rejects.toMatchObject({
      code: 'bad-options',
    })
    await expect(pruneModel(chain(), { widths: new Map([['a', 8]]) })).rejects.toThrow(/widths asked for are those/)
  })

  it('tell groups of one layer apart by a number', () => {
    const b = new GraphBuilder('halves')
    const x = b.input('x', 'float32', [1, 2, 4, 4])
    const conv = (name: string, from: string, out: number, into: number) =>
      b.node('Conv', [from, b.constant(`${name}.weight`, normal([out, into, 1, 1]))], {}, { name })
    const sizes = b.ints('sizes', [4, 4])
    b.node('Split', [conv('a', x, 8, 2), sizes], { axis: 1 }, { outputs: ['first', 'second'] })
    const sum = b.node('Add', ['second', conv('other', x, 4, 2)])
    b.output(conv('end', b.node('Concat', ['first', sum], { axis: 1 }), 2, 8))
    expect(findGroups(b.model()).groups.map((g) => [g.name, g.roots.length, g.classes.length])).toEqual([
      ['a', 1, 4],
      ['a (2)', 2, 4],
    ])
  })
})

describe('budgets', () => {
  it('of bytes are kept as a part and as a value', async () => {
    const model = twoConvolutions()
    // 4·2 + 4 + 3·4 numbers of four bytes; each channel that goes takes 2 + 1 + 3.
    const { budget, groups } = await pruneModel(model, { target: { of: 'bytes', part: 0.8 } })
    expect(budget).toMatchObject({ of: 'bytes', allocate: 'uniform', before: 96, after: 72 })
    expect(groups[0]!.kept).toBe(3)
    const byValue = await pruneModel(model, { target: { of: 'bytes', value: 50, allocate: 'cost' } })
    expect(byValue.budget).toMatchObject({ before: 96, limit: 50, after: 48, allocate: 'cost' })
    await expect(pruneModel(model, { target: { of: 'bytes', value: 20, allocate: 'cost' } })).rejects.toMatchObject({
      code: 'unreachable-target',
      details: { reached: 24, limit: 20 },
    })
  })

  it('are said in one way, by a number that means something', async () => {
    const pruned = (more: object) => pruneModel(twoConvolutions(), { target: { of: 'params', ...more } })
    await expect(pruned({})).rejects.toMatchObject({ code: 'bad-options' })
    await expect(pruned({ part: 0.5, value: 3 })).rejects.toMatchObject({ code: 'bad-options' })
    await expect(pruned({ value: Number.NaN })).rejects.toMatchObject({ code: 'bad-target' })
    await expect(pruned({ part: 1.5 })).rejects.toMatchObject({ code: 'bad-ratio' })
    await expect(pruned({ value: 24 })).rejects.toThrow(/the network has 24 parameters, which is within/)
  })
})
