import { describe, expect, it } from 'vitest'
import { type AttributeValue, editGraph, GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { profileModel } from './profile.ts'
import type { Layer } from './types.ts'

const zeros = (shape: readonly number[]) =>
  tensorOf('float32', shape, new Float32Array(shape.reduce((a, b) => a * b, 1)))

/** x [1, 3, 224, 224], w [10, 3, 5, 5], bias: the published example of another tool. */
function published(elementType: 'float32' | 'float16' = 'float32'): Model {
  const b = new GraphBuilder('published')
  const x = b.input('x', elementType, ['N', 3, 224, 224])
  const w = b.constant('w', tensorOf(elementType, [10, 3, 5, 5], new Float32Array(750)))
  const bias = b.constant('b', tensorOf(elementType, [10], new Float32Array(10)))
  b.output(b.node('Conv', [x, w, bias], {}, { name: 'conv' }))
  return b.model()
}

const layerOf = (model: Model, name: string): Layer => {
  const layer = profileModel(model).layers.find((l) => l.name === name)
  if (!layer) throw new Error(`no layer ${name}`)
  return layer
}

describe('one convolution', () => {
  it('costs what the published example says', () => {
    const { layers, totals } = profileModel(published(), { strictAdds: true })
    const [conv] = layers as [Layer]
    expect(conv).toMatchObject({
      bytesRead: 605_152,
      bytesWritten: 1_936_000,
      params: 760,
      macs: 36_300_000,
      muls: 36_300_000,
    })
    // With a bias, the strict count has as many additions as multiplications: n - 1 for the products, 1 for the bias.
    expect(conv.muls! + conv.adds!).toBe(72_600_000)
    expect(totals).toMatchObject({ bytes: 605_152 + 1_936_000, accesses: (605_152 + 1_936_000) / 4 })
  })

  it('by default counts the first addition of each sum too', () => {
    expect(profileModel(published()).totals).toMatchObject({
      adds: 36_300_000 + 484_000,
      muls: 36_300_000,
      macs: 36_300_000,
    })
  })

  it('takes half the bytes in float16', () => {
    expect(profileModel(published('float16')).layers[0]).toMatchObject({
      reads: 151_288,
      bytesRead: 302_576,
      bytesWritten: 968_000,
    })
  })

  it('names its values and their shapes', () => {
    expect(profileModel(published(), { inputs: new Map([['x', [2, 3, 8, 8]]]) })).toMatchObject({
      model: 'published',
      inputs: [{ name: 'x', shape: [2, 3, 8, 8] }],
      layers: [
        {
          name: 'conv',
          op: 'Conv',
          inputs: [
            { name: 'x', shape: [2, 3, 8, 8] },
            { name: 'w', shape: [10, 3, 5, 5], constant: true },
            { name: 'b', shape: [10], constant: true },
          ],
          outputs: [{ name: 'conv_output', shape: [2, 10, 4, 4] }],
          nonZeroParams: null,
        },
      ],
      unsupported: [],
    })
  })
})

describe('accesses', () => {
  it('read a value once that a node takes twice', () => {
    const b = new GraphBuilder('square')
    const x = b.input('x', 'float32', [1, 100])
    b.output(b.node('Mul', [x, x], {}, { name: 'square' }))
    expect(layerOf(b.model(), 'square')).toMatchObject({ reads: 100, writes: 100, muls: 100, params: 0 })
  })

  it('are none for views', () => {
    const b = new GraphBuilder('flat')
    const x = b.input('x', 'float32', [2, 3, 4])
    b.output(b.node('Flatten', [x], {}, { name: 'flat' }))
    expect(layerOf(b.model(), 'flat')).toMatchObject({
      reads: 0,
      writes: 0,
      bytesRead: 0,
      bytesWritten: 0,
      macs: 0,
      adds: 0,
    })
  })
})

describe('parameters', () => {
  const conv = (build: (b: GraphBuilder) => string, channels = 4): Model => {
    const b = new GraphBuilder('weights')
    const x = b.input('x', 'float32', [1, 3, 8, 8])
    b.output(b.node('Conv', [x, build(b)], {}, { name: `conv${channels}` }))
    return b.model()
  }
  const count = (model: Model, countNonZero = false) => profileModel(model, { countNonZero }).totals

  it('are stored in an initializer, a Constant or a ConstantOfShape', () => {
    const weight = zeros([4, 3, 3, 3])
    expect(count(conv((b) => b.constant('w', weight))).params).toBe(108)
    expect(count(conv((b) => b.node('Constant', [], { value: weight }))).params).toBe(108)
    expect(count(conv((b) => b.node('ConstantOfShape', [b.ints('s', [4, 3, 3, 3])]))).params).toBe(108)
  })

  it('are found behind the nodes that bring them into shape, which are no layers', () => {
    const model = conv((b) => {
      const flat = b.node('Transpose', [b.constant('w', zeros([3, 36]))])
      return b.node('Reshape', [flat, b.ints('shape', [4, 3, 3, 3])])
    })
    const profile = profileModel(model)
    expect(profile.totals.params).toBe(108)
    expect(profile.layers.map((l) => l.op)).toEqual(['Conv'])
  })

  it('count the quantised values of a weight, not its scale', () => {
    const model = conv((b) => {
      const q = b.constant('q', tensorOf('int8', [4, 3, 3, 3], new Int8Array(108).fill(1)))
      const scale = b.constant('scale', tensorOf('float32', [4], [1, 1, 1, 1]))
      const zero = b.constant('zero', tensorOf('int8', [4], [0, 0, 0, 0]))
      return b.node('DequantizeLinear', [q, scale, zero], { axis: 0 })
    })
    expect(count(model, true)).toMatchObject({ params: 108, nonZeroParams: 108 })
  })

  it('are all found where a weight is joined from several', () => {
    const model = conv((b) =>
      b.node('Concat', [b.constant('a', zeros([1, 3, 3, 3])), b.constant('b', zeros([3, 3, 3, 3]))], { axis: 0 }),
    )
    expect(count(model).params).toBe(108)
  })

  it('count once where layers share them', () => {
    const b = new GraphBuilder('shared')
    const x = b.input('x', 'float32', [1, 3, 8, 8])
    const w = b.constant('w', zeros([3, 3, 1, 1]))
    const first = b.node('Conv', [x, w], {}, { name: 'first' })
    b.output(b.node('Conv', [first, w], {}, { name: 'second' }))
    const { layers, totals } = profileModel(b.model())
    expect(layers.map((l) => l.params)).toEqual([9, 0])
    expect(layers.map((l) => l.reads)).toEqual([192 + 9, 192 + 9])
    expect(totals.params).toBe(9)
  })

  it('are γ and β of a BatchNormalization, not its running mean and variance, though all are read', () => {
    const b = new GraphBuilder('bn')
    const x = b.input('x', 'float32', [1, 8, 4, 4])
    const vectors = ['gamma', 'beta', 'mean', 'var'].map((name) => b.constant(name, zeros([8])))
    b.output(b.node('BatchNormalization', [x, ...vectors], {}, { name: 'bn' }))
    expect(layerOf(b.model(), 'bn')).toMatchObject({
      params: 16,
      reads: 128 + 32,
      writes: 128,
      macs: 0,
      muls: 128,
      adds: 128,
    })
  })

  it('are vectors added or multiplied, not scalars and not shapes', () => {
    const b = new GraphBuilder('operands')
    const x = b.input('x', 'float32', [1, 3, 4, 4])
    const y = b.node('Conv', [x, b.constant('w', zeros([8, 3, 1, 1]))], {}, { name: 'conv' })
    const scaled = b.node('Mul', [y, b.constant('scale', zeros([8, 1, 1]))], {}, { name: 'mul' })
    const shifted = b.node('Add', [scaled, b.constant('three', tensorOf('float32', [], [3]))], {}, { name: 'add' })
    b.output(b.node('Reshape', [shifted, b.ints('shape', [1, 128])], {}, { name: 'reshape' }))
    expect(profileModel(b.model()).layers.map((l) => [l.name, l.params])).toEqual([
      ['conv', 24],
      ['mul', 8],
      ['add', 0],
      ['reshape', 0],
    ])
  })

  it('are counted by value only when asked for', () => {
    const values = new Float32Array(108).map((_, i) => (i % 3 === 0 ? 0 : i === 1 ? -0 : 1))
    const stored = conv((b) => b.constant('w', tensorOf('float32', [4, 3, 3, 3], values)))
    expect(count(stored).nonZeroParams).toBeNull()
    expect(count(stored, true)).toMatchObject({ params: 108, nonZeroParams: 71 })
    const filled = (value: number) =>
      conv((b) => b.node('ConstantOfShape', [b.ints('s', [4, 3, 3, 3])], { value: tensorOf('float32', [1], [value]) }))
    expect(count(filled(0.5), true).nonZeroParams).toBe(108)
    expect(count(filled(0), true).nonZeroParams).toBe(0)
  })

  it('are not read to be counted', () => {
    const unreadable = {
      elementType: 'float32' as const,
      shape: [4, 3, 3, 3],
      data: {
        byteLength: 432,
        bytes: () => {
          throw new Error('weights were read')
        },
      },
    }
    const model = conv((b) => b.constant('w', unreadable))
    expect(count(model).params).toBe(108)
    expect(() => count(model, true)).toThrow('weights were read')
  })
})

describe('what cannot be counted', () => {
  const withNode = (
    opType: string,
    attributes: Record<string, AttributeValue> = {},
    domain = '',
    before: readonly string[] = [],
  ): Model => {
    const b = new GraphBuilder('odd')
    const x = b.input('x', 'float32', [1, 3, 8, 8])
    const odd = b.node(opType, [...before, x], attributes, { name: 'odd', domain })
    b.output(b.node('Relu', [odd], {}, { name: 'relu' }))
    return b.model()
  }

  it('is listed, with null instead of 0, and so is what follows it', () => {
    const profile = profileModel(withNode('Mystery', {}, 'com.example'))
    expect(profile.unsupported).toEqual([
      { name: 'odd', op: 'Mystery', domain: 'com.example', why: 'Kerf does not know this operator' },
      { name: 'relu', op: 'Relu', domain: '', why: 'the shape of "odd_output" is not known before the model runs' },
    ])
    expect(profile.layers[0]).toMatchObject({
      op: 'com.example.Mystery',
      params: 0,
      notCounted: 'Kerf does not know this operator',
      macs: null,
      adds: null,
      reads: null,
      bytesRead: null,
    })
    // A Relu has no multiply–accumulates, whatever its size.
    expect(profile.layers[1]).toMatchObject({ macs: 0, adds: null })
    expect(profile.totals).toMatchObject({
      macs: 0,
      adds: 0,
      partial: ['macs', 'adds', 'muls', 'others', 'reads', 'writes', 'accesses', 'bytes'],
    })
  })

  it('marks no total where everything is counted, and of data-dependent work not the MACs', () => {
    expect(profileModel(published()).totals.partial).toEqual([])
    const { totals } = profileModel(withNode('NonZero'))
    expect(totals.partial).not.toContain('macs')
    expect(totals.partial).toContain('writes')
  })

  it('has its weights counted all the same, not the zeros that nodes make', () => {
    const b = new GraphBuilder('unknown')
    const x = b.input('x', 'float32', [1, 3, 8, 8])
    const state = b.node('Expand', [b.constant('zero', zeros([1, 1, 12])), b.ints('shape', [2, 1, 12])])
    const inputs = [x, b.constant('w', zeros([4, 27])), b.constant('eps', zeros([1])), b.ints('pads', [1, 1]), state]
    b.output(b.node('Mystery', inputs, {}, { name: 'odd', domain: 'com.example' }))
    const { totals, leftOut } = profileModel(b.model(), { countNonZero: true })
    expect(totals).toMatchObject({ params: 108, nonZeroParams: 0 })
    expect(leftOut.map((c) => c.name)).toEqual(['zero'])
  })

  it('has the weights of its bodies counted', () => {
    const b = new GraphBuilder('branches')
    const x = b.input('x', 'bool', [])
    const branch = (n: number) => ({
      kind: 'graph' as const,
      value: {
        name: `b${n}`,
        inputs: [],
        outputs: [],
        initializers: new Map([['w', zeros([n, 2])]]),
        valueInfo: new Map(),
        nodes: [],
      },
    })
    const branches = { then_branch: branch(3), else_branch: branch(4) }
    b.output(b.node('MysteryIf', [x], branches, { name: 'if', domain: 'com.example' }))
    expect(profileModel(b.model()).totals.params).toBe(14)
  })

  it('is control flow, by name', () => {
    const valuesOf = (...names: string[]) => names.map((name) => ({ name, type: undefined }))
    const [inputs, outputs] = [valuesOf('round', 'goOn', 'v'), valuesOf('goOn', 'v')]
    const body = { name: 'b', inputs, outputs, initializers: new Map(), valueInfo: new Map(), nodes: [] }
    const profile = profileModel(withNode('Loop', { body: { kind: 'graph', value: body } }, '', ['', '']))
    expect(profile.unsupported[0]).toMatchObject({
      name: 'odd',
      op: 'Loop',
      why: 'how often its body runs depends on the data',
    })
  })

  it('goes on behind an unknown operator where the file gives its output’s shape', () => {
    const type = { kind: 'tensor', elementType: 'float32', shape: [1, 3, 8, 8] } as const
    const known = editGraph(withNode('Mystery', {}, 'com.example'))
      .declare({ name: 'odd_output', type })
      .model()
    const profile = profileModel(known)
    expect(profile.unsupported.map((u) => u.name)).toEqual(['odd'])
    expect(profile.layers[1]).toMatchObject({ reads: 192, writes: 192 })
    // That shape says nothing about other input sizes.
    const larger = profileModel(known, { inputs: new Map([['x', [1, 3, 16, 16]]]) })
    expect(larger.unsupported.map((u) => u.name)).toEqual(['odd', 'relu'])
    expect(larger.layers[1]).toMatchObject({ reads: null, writes: null })
  })

  it('is a total beyond 2^53', () => {
    const b = new GraphBuilder('huge')
    const x = b.input('x', 'float32', [2 ** 20, 2 ** 20])
    b.output(b.node('MatMul', [x, x]))
    expect(() => profileModel(b.model())).toThrow(/more than can be counted exactly/)
  })
})

describe('functions of the model', () => {
  it('are counted by their bodies', () => {
    const b = new GraphBuilder('calls')
    const x = b.input('x', 'float32', [1, 10])
    b.output(b.node('Twice', [x], {}, { domain: 'my', name: 'call' }))
    const relu = { name: 'relu', opType: 'Relu', domain: '', inputs: ['a'], outputs: ['m'], attributes: new Map() }
    const nodes = [relu, { ...relu, opType: 'Add', name: 'add', inputs: ['m', 'a'], outputs: ['b'] }]
    const twice = {
      name: 'Twice',
      domain: 'my',
      inputs: ['a'],
      outputs: ['b'],
      attributes: [],
      defaults: new Map(),
      nodes,
      opsetImports: new Map([['', 17]]),
    }
    const profile = profileModel({ ...b.model(), functions: [twice] })
    expect(profile.layers.map((l) => [l.name, l.op, l.reads])).toEqual([
      ['call/relu', 'Relu', 10],
      ['call/add', 'Add', 20],
    ])
    expect(profile.unsupported).toEqual([])
  })
})
