import { describe, expect, it } from 'vitest'
import { namePattern, type Shape, seededRandom } from '../base/index.ts'
import { type AttributeValue, GraphBuilder, type Model, tensorOf, tensorValues, validated } from '../graph/index.ts'
import { modelBytes } from '../onnx/index.ts'
import { createSession, hostTensor, hostValues } from '../runtime/index.ts'
import { hasOrt, runOrt } from '../testing/ort.ts'
import { type RewriteOptions, rewriteModel } from './index.ts'

/* Grouped convolutions with a shuffle, partial convolutions, inverted bottlenecks. */

const everything = namePattern('*')
const named = (name: string) => ({ layers: namePattern(name) })

const draw = (seed: string | number, shape: readonly number[]) => {
  const random = seededRandom(Number(seed))
  return Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, random.normal)
}

interface Layer {
  readonly x?: Shape
  readonly w: readonly number[]
  readonly bias?: boolean
  readonly attributes?: Record<string, AttributeValue>
  readonly opset?: number
  readonly values?: Float32Array
}

/** One convolution "c" of random weights. */
function network({ x = [2, 8, 9, 7], w, bias, attributes = {}, opset, values = draw(7, w) }: Layer): Model {
  const b = new GraphBuilder('one', opset)
  const weights = [b.constant('w', tensorOf('float32', w, values))]
  if (bias) weights.push(b.constant('bias', tensorOf('float32', [w[0]!], draw(8, [w[0]!]))))
  b.output(b.node('Conv', [b.input('x', 'float32', x), ...weights], attributes, { name: 'c', outputs: ['y'] }))
  return b.model()
}

/** In ONNX Runtime where it is installed. */
async function outputs(model: Model, shape: readonly number[], data = draw(9, shape)): Promise<Float64Array> {
  if (hasOrt) {
    const { y } = await runOrt(modelBytes(model), { x: { type: 'float32', dims: shape, data } })
    return Float64Array.from(y!.data as Float32Array)
  }
  return ownOutputs(model, shape, data)
}

async function ownOutputs(model: Model, shape: readonly number[], data = draw(9, shape)): Promise<Float64Array> {
  const session = await createSession(model)
  const { y } = await session.run({ x: hostTensor('float32', shape, data) })
  session.dispose()
  return hostValues(y!)
}

function relative(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, size] = [0, 0]
  for (let i = 0; i < a.length; i++) {
    difference += (a[i]! - b[i]!) ** 2
    size += a[i]! ** 2
  }
  return Math.sqrt(difference / size)
}

/** ‖W − W′‖ ÷ ‖W‖ of a layer that pads what its taps reach, by what it makes of a 1 in the middle of each channel. */
async function errorByImpulses(a: Model, b: Model, channels: number): Promise<number> {
  const shape = [channels, channels, 9, 7]
  const x = new Float32Array(channels * channels * 63)
  for (let c = 0; c < channels; c++) x[(c * channels + c) * 63 + 4 * 7 + 3] = 1
  return relative(await outputs(a, shape, x), await outputs(b, shape, x))
}

const open = (w: readonly number[], more: Partial<Layer> = {}): Layer => ({ x: ['N', w[1]!, 'H', 'W'], w, ...more })
const padded = { pads: [1, 1, 1, 1] }
const layers: readonly [string, Layer][] = [
  ['a bias, and padding', { w: [4, 8, 3, 3], bias: true, attributes: padded }],
  ['distance between taps', { w: [4, 8, 3, 3], attributes: { dilations: [2, 1], pads: [2, 1, 2, 1] } }],
  ['auto_pad', { w: [4, 8, 3, 2], bias: true, attributes: { auto_pad: 'SAME_UPPER' } }],
  ['auto_pad the other way', { w: [4, 8, 2, 3], attributes: { auto_pad: 'SAME_LOWER' } }],
  ['open sizes', open([4, 8, 3, 3], { attributes: padded })],
  ['an old operator set', { w: [4, 8, 3, 3], opset: 9, attributes: padded }],
  ['one axis', { x: [2, 8, 11], w: [4, 8, 3], bias: true, attributes: { pads: [1, 1] } }],
]
const shapeOf = ({ x = [2, 8, 9, 7] }: Layer) => x.map((d, i) => (typeof d === 'number' ? d : [2, 8, 9, 7][i]!))

const exactly: readonly [string, object][] = [
  ['grouped', { groups: 2, width: 2 }],
  ['partial', { part: 1 }],
]
for (const [kind, settings] of exactly)
  describe(`${kind}, of as many channels as there are`, () => {
    it.each(layers)('gives what the layer gave: %s', async (_, layer) => {
      const model = network(layer)
      const { model: made, swapped } = await rewriteModel(model, kind, { ...named('c'), settings })
      expect(validated(made)).toBe(made)
      expect(swapped[0]?.weightError).toBeLessThan(1e-6)
      const shape = shapeOf(layer)
      const before = await outputs(model, shape)
      expect(relative(before, await outputs(made, shape))).toBeLessThan(1e-6)
      expect(relative(before, await ownOutputs(made, shape))).toBeLessThan(1e-6)
    })
  })

describe('grouped', () => {
  it('takes steps, and padding that is not the same on all sides', async () => {
    const layer = { w: [6, 8, 3, 5], attributes: { strides: [2, 3], pads: [0, 2, 1, 3] } }
    const { model: made } = await rewriteModel(network(layer), 'grouped', {
      ...{ ...named('c'), settings: { groups: 2, width: 3 } },
    })
    expect(relative(await outputs(network(layer), [2, 8, 9, 7]), await outputs(made, [2, 8, 9, 7]))).toBeLessThan(1e-6)
  })

  it.each([
    [2, 1],
    [4, 1],
    [4, 2],
    [2, 0.5],
  ])('%i groups, %f times the outputs in the middle: loses what the singular values say', async (groups, width) => {
    const model = network({ w: [16, 8, 3, 3], x: ['N', 8, 9, 7], attributes: padded })
    const { model: made, swapped } = await rewriteModel(model, 'grouped', {
      ...named('c'),
      settings: { groups, width },
    })
    const { weightError = 0, facts, nodes } = swapped[0]!
    expect(weightError).toBeGreaterThan(0.1)
    expect(weightError).toBeCloseTo(Math.sqrt(1 - Number(facts.energy)), 6)
    expect(weightError).toBeCloseTo(await errorByImpulses(model, made, 8), 6)
    expect([nodes.length, facts.middle]).toEqual([5, 16 * width])
    const groupsOf = made.graph.nodes.flatMap((n) => n.attributes.get('group') ?? [])
    expect(groupsOf).toEqual([groups, groups].map((value) => ({ kind: 'int', value })))
  })

  it('comes no nearer by any other weights: the gradient of the error is 0 there', async () => {
    // Of rank 1 in each block, the best is a fixed point of alternating least squares.
    const model = network({ w: [4, 4, 1, 2], x: [1, 4, 9, 8] })
    const { model: made, swapped } = await rewriteModel(model, 'grouped', {
      ...{ ...named('c'), settings: { groups: 2, width: 1 } },
    })
    const [before, behind] = swapped[0]!.parameters.map((p) => tensorValues(made.graph.initializers.get(p.name)!))
    const w = draw(7, [4, 4, 1, 2])
    for (let to = 0; to < 2; to++)
      for (let from = 0; from < 2; from++) {
        const right = [0, 1, 2, 3].map((c) => before![(from * 2 + to) * 4 + c]!)
        const left = [0, 1].map((m) => behind![(to * 2 + m) * 2 + from]!)
        const block = [0, 1].map((m) => [0, 1, 2, 3].map((c) => w[(to * 2 + m) * 8 + from * 4 + c]!))
        const size = right.reduce((sum, v) => sum + v * v, 0)
        block.forEach((row, m) => {
          expect(row.reduce((sum, v, c) => sum + v * right[c]!, 0) / size).toBeCloseTo(left[m]!, 5)
        })
      }
  })

  it('is chosen by MACs, with the least error', async () => {
    const model = network({ w: [16, 16, 3, 3], x: [1, 16, 8, 8], attributes: padded })
    const { swapped } = await rewriteModel(model, 'grouped', { ...named('c'), target: { macs: { part: 0.5 } } })
    // 4 groups: m ranks cost m·(144 + 16)/(4·144) of it, which is 0.28 for one.
    expect(swapped[0]?.facts.middle).toBe(16)
  })
})

describe('partial', () => {
  /** Weights of three taps, of which but the middle one's belong to these channels alone. */
  function scattered(channels: readonly number[]): Float32Array {
    const w = draw(3, [2, 8, 3, 3])
    return w.map((v, i) => (i % 9 === 4 || channels.includes(Math.floor(i / 9) % 8) ? v : 0))
  }

  it.each([0.125, 0.5, 0.75])('part %f: loses what is said', async (part) => {
    const model = network({ w: [6, 8, 3, 3], x: ['N', 8, 9, 7], attributes: padded })
    const { model: made, swapped } = await rewriteModel(model, 'partial', { ...named('c'), settings: { part } })
    const { weightError = 0, facts } = swapped[0]!
    expect(weightError).toBeGreaterThan(0.1)
    expect(weightError).toBeCloseTo(Math.sqrt(1 - Number(facts.energy)), 6)
    expect(weightError).toBeCloseTo(await errorByImpulses(model, made, 8), 6)
    expect(facts.channels).toBe(`${8 * part} of 8`)
  })

  it('takes the best channels that stand side by side, where they cannot be moved', async () => {
    const model = network({ w: [2, 8, 3, 3], values: scattered([3, 4]), attributes: padded })
    const { model: made, swapped } = await rewriteModel(model, 'partial', named('c'))
    expect(swapped[0]).toMatchObject({ facts: { channels: '2 of 8', order: '3 to 4' } })
    expect(made.graph.nodes.map((n) => [n.opType, n.outputs.length])).toEqual([
      ['Split', 3],
      ['Conv', 1],
      ['Concat', 1],
      ['Conv', 1],
    ])
    expect(relative(await outputs(model, [2, 8, 9, 7]), await outputs(made, [2, 8, 9, 7]))).toBeLessThan(1e-6)
    const far = network({ w: [2, 8, 3, 3], values: scattered([1, 6]), attributes: padded })
    const { swapped: lost } = await rewriteModel(far, 'partial', named('c'))
    expect(lost[0]?.weightError).toBeGreaterThan(0.1)
  })

  /** A layer whose input comes from a convolution, by what `between` puts there. */
  function behind(between: (b: GraphBuilder, v: string) => string): Model {
    const b = new GraphBuilder('behind')
    const constant = (name: string, seed: number, ...shape: number[]) =>
      b.constant(name, tensorOf('float32', shape, draw(seed, shape)))
    const first = [b.input('x', 'float32', [2, 3, 9, 7]), constant('v', 1, 8, 3, 3, 3), constant('vb', 2, 8)]
    const w = b.constant('w', tensorOf('float32', [2, 8, 3, 3], scattered([1, 6])))
    const v = between(b, b.node('Conv', first, padded, { name: 'first' }))
    b.output(b.node('Conv', [v, w], padded, { name: 'c', outputs: ['y'] }))
    return b.model()
  }
  const normal = (b: GraphBuilder, v: string) => {
    const vector = (name: string, seed: number) =>
      b.constant(
        name,
        tensorOf(
          'float32',
          [8],
          draw(seed, [8]).map((z) => 1 + 0.2 * z),
        ),
      )
    return b.node('BatchNormalization', [v, vector('g', 4), vector('h', 5), vector('m', 6), vector('s', 7)])
  }
  const depthwise = (b: GraphBuilder, v: string) => {
    const w = b.constant('d', tensorOf('float32', [8, 1, 3, 3], draw(8, [8, 1, 3, 3])))
    return b.node('Conv', [v, w], { ...padded, group: 8 }, { name: 'depthwise' })
  }
  it('brings the best channels to stand first, where the layers before can store theirs so', async () => {
    const model = behind((b, v) =>
      b.node('MaxPool', [b.node('Relu', [normal(b, depthwise(b, v))])], { kernel_shape: [2, 2] }),
    )
    const { model: made, swapped } = await rewriteModel(model, 'partial', named('c'))
    expect(swapped[0]).toMatchObject({ facts: { order: 'the best' } })
    expect(validated(made)).toBe(made)
    expect(made.graph.nodes.find((n) => n.opType === 'Split')?.outputs).toHaveLength(2)
    expect(relative(await outputs(model, [2, 3, 9, 7]), await outputs(made, [2, 3, 9, 7]))).toBeLessThan(1e-6)
    // Both layers swapped: the one that stores others' order is another one by then.
    const both = await rewriteModel(model, 'partial', { layers: everything, settings: { part: 0.99 } })
    expect(both.swapped.map((l) => l.node)).toEqual(['first', 'c'])
    expect(validated(both.model)).toBe(both.model)
  })

  it('leaves the first layer, unless it is asked for', async () => {
    const { swapped, kept } = await rewriteModel(
      behind((b, v) => b.node('Relu', [v])),
      'partial',
    )
    expect([swapped.map((l) => l.node), kept.map((l) => l.node)]).toEqual([['c'], ['first']])
  })

  it('leaves channels in place that somebody else reads, too', async () => {
    const reads: readonly ((b: GraphBuilder, v: string) => string)[] = [
      (b, v) => b.node('Add', [v, b.node('Relu', [v])]),
      (b, v) => {
        b.output(v)
        return v
      },
      (b, v) => b.node('Softmax', [v], { axis: 1 }),
      (b, v) => {
        const two = b.constant('two', tensorOf('float32', [8, 4, 1, 1], draw(4, [8, 4, 1, 1])))
        return b.node('Relu', [b.node('Conv', [v, two], { group: 2 })])
      },
    ]
    for (const read of reads) {
      const { swapped } = await rewriteModel(behind(read), 'partial', named('c'))
      expect(swapped[0]?.facts.order).toMatch(/^\d to \d$/)
    }
  })
})

describe('bottleneck', () => {
  const types = (model: Model) => model.graph.nodes.map((n) => n.opType)
  const block = ['Conv', 'BatchNormalization', 'Clip', 'Conv', 'BatchNormalization', 'Clip', 'Conv']

  it('is drawn anew, with the input added where shapes allow it', async () => {
    const options = { ...named('c'), settings: { expansion: 3 } } satisfies RewriteOptions<{ expansion: number }>
    const model = network({ w: [8, 8, 3, 3], attributes: padded, bias: true })
    const { model: made, swapped } = await rewriteModel(model, 'bottleneck', options)
    expect(types(made)).toEqual([...block, 'BatchNormalization', 'Add'])
    expect(swapped[0]?.facts).toEqual({ hidden: 24, residual: 'yes' })
    expect(swapped[0]?.parameters.filter((p) => p.shape.length > 1).map((p) => p.shape)).toEqual([
      [24, 8, 1, 1],
      [24, 1, 3, 3],
      [8, 24, 1, 1],
    ])
    expect(validated(made)).toBe(made)
    const again = await rewriteModel(model, 'bottleneck', { ...options, seed: 1 })
    const weights = (m: Model) => tensorValues(m.graph.initializers.get('c.expand_weight')!)
    expect(weights(again.model)).not.toEqual(weights(made))
    expect(weights((await rewriteModel(model, 'bottleneck', options)).model)).toEqual(weights(made))
    const deviation = Math.sqrt(weights(made).reduce((sum, v) => sum + v * v, 0) / weights(made).length)
    expect(Math.abs(deviation / Math.sqrt(2 / 8) - 1)).toBeLessThan(0.2)
    expect((await outputs(made, [2, 8, 9, 7])).every(Number.isFinite)).toBe(true)
    expect(relative(await outputs(made, [2, 8, 9, 7]), await ownOutputs(made, [2, 8, 9, 7]))).toBeLessThan(1e-5)
  })

  it('steps, dilates and pads as the layer did, without the input, in old operator sets and along one axis', async () => {
    const attributes = { strides: [2, 1], dilations: [1, 2], pads: [0, 2, 1, 2] }
    const cases: readonly [Layer, string][] = [
      [{ w: [6, 8, 3, 3], attributes }, '2,6,4,7'],
      [{ w: [6, 4, 3, 3], attributes: { ...padded, group: 2 }, opset: 9 }, '2,6,9,7'],
      [{ x: [2, 8, 11], w: [6, 8, 3] }, '2,6,9'],
    ]
    for (const [layer, expected] of cases) {
      const { model: made, swapped } = await rewriteModel(network(layer), 'bottleneck', named('c'))
      expect(types(made)).toEqual([...block, 'BatchNormalization'])
      expect(swapped[0]?.facts.residual).toBe('no')
      const session = await createSession(made)
      const shape = shapeOf(layer)
      const { y } = await session.run({ x: hostTensor('float32', shape, draw(9, shape)) })
      expect(y?.shape.join()).toBe(expected)
      session.dispose()
    }
  })

  it('keeps the BatchNormalization that stands behind', async () => {
    const b = new GraphBuilder('bn')
    const x = b.input('x', 'float32', [1, 4, 6, 6])
    const w = b.constant('w', tensorOf('float32', [6, 4, 3, 3], draw(1, [6, 4, 3, 3])))
    const vectors = ['g', 'h', 'm', 's'].map((name) => b.constant(name, tensorOf('float32', [6], [1, 1, 1, 1, 1, 1])))
    b.output(
      b.node('BatchNormalization', [b.node('Conv', [x, w], {}, { name: 'c' }), ...vectors], {}, { outputs: ['y'] }),
    )
    const { model: made } = await rewriteModel(b.model(), 'bottleneck', named('c'))
    expect(types(made)).toEqual([...block, 'BatchNormalization'])
    expect(made.graph.nodes.at(-1)?.inputs.slice(1)).toEqual(['g', 'h', 'm', 's'])
  })
})

describe('what cannot be swapped is named, with the reason', () => {
  const cases: readonly [string, string, Layer, string][] = [
    ['grouped', '1×1', { w: [8, 8, 1, 1] }, 'c": it is 1×1: there is no window to take apart'],
    ['grouped', 'depthwise', { w: [8, 1, 3, 3], attributes: { group: 8 } }, 'it is depthwise'],
    ['grouped', 'in groups', { w: [8, 4, 3, 3], attributes: { group: 2 } }, 'it has 2 groups already'],
    [
      'grouped',
      'of odd inputs',
      { x: [1, 3, 9, 7], w: [8, 3, 3, 3] },
      'its 3 input channels do not divide into 4 groups',
    ],
    ['grouped', 'of odd outputs', { w: [6, 8, 3, 3] }, 'its 6 output channels do not divide into 4 groups'],
    ['partial', '1×1', { w: [8, 8, 1, 1] }, 'it is 1×1: there is no window to save'],
    ['partial', 'depthwise', { w: [8, 1, 3, 3], attributes: { group: 8 } }, 'it is depthwise'],
    ['partial', 'in groups', { w: [8, 4, 3, 3], attributes: { group: 2 } }, 'it has 2 groups'],
    ['partial', 'with steps', { w: [8, 8, 3, 3], attributes: { ...padded, strides: [2, 1] } }, 'it steps by 2×1'],
    ['partial', 'without padding', { w: [8, 8, 3, 3] }, 'its padding changes the size'],
    [
      'partial',
      'of an even window',
      { w: [8, 8, 3, 3], attributes: { dilations: [2, 2], pads: [1, 2, 3, 2] } },
      'padding',
    ],
    ['partial', 'of one channel', { x: [1, 1, 9, 7], w: [8, 1, 3, 3], attributes: padded }, 'it reads one channel'],
    ['bottleneck', '1×1', { w: [8, 8, 1, 1] }, 'it is 1×1: a bottleneck has two such ones already'],
    ['bottleneck', 'depthwise', { w: [8, 1, 3, 3], attributes: { group: 8 } }, 'it is depthwise'],
  ]
  it.each(cases)('%s: %s', async (kind, _, layer, message) => {
    await expect(rewriteModel(network(layer), kind, named('c'))).rejects.toThrow(message)
  })

  it.each(['grouped', 'partial', 'bottleneck'])('%s: what was swapped already', async (kind) => {
    const model = network({ w: [8, 8, 3, 3], attributes: padded })
    const { model: once } = await rewriteModel(model, kind, named('c'))
    await expect(rewriteModel(once, kind, { layers: everything })).rejects.toThrow(/^No layer can be swapped/)
  })

  it.each(['grouped', 'partial', 'bottleneck'])('%s: tied weights', async (kind) => {
    const b = new GraphBuilder('tied')
    const w = b.constant('w', tensorOf('float32', [8, 8, 3, 3], draw(1, [8, 8, 3, 3])))
    const y = b.node('Conv', [b.input('x', 'float32', [1, 8, 9, 7]), w], padded, { name: 'c' })
    b.output(b.node('Conv', [y, w], padded, { name: 'd' }))
    await expect(rewriteModel(b.model(), kind, named('c'))).rejects.toThrow('it shares its weights "w" with d')
  })
})
