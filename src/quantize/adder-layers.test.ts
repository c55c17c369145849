// Quantised adder layers against an integer reference, ONNX Runtime, and each other.

import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { analyse, GraphBuilder, type Model, type Node, tensorOf, tensorValues } from '../graph/index.ts'
import { modelBytes } from '../onnx/index.ts'
import { clampAdderWeights, operators } from '../ops/index.ts'
import { createSession, type HostTensor, hostTensor, hostValues, referenceRun } from '../runtime/index.ts'
import { describeOrt, runOrt } from '../testing/ort.ts'
import { type InputRange, quantizeAdderLayers } from './adder-layers.ts'

const random = seededRandom(11)
const shape = [2, 4, 6, 5]
/** Multiples of 1/64: with scales that are powers of 2 everything is exact in float32. */
const dyadic = (count: number, lo: number, hi: number): Float32Array =>
  Float32Array.from({ length: count }, () => Math.round(64 * (lo + (hi - lo) * random.uniform())) / 64)

/** Two adder layers in a row, BatchNormalization and Relu between them, padded; the second with a bias. */
function network(opset = 17): Model {
  const b = new GraphBuilder('adder', opset)
  const floats = (name: string, size: readonly number[], values: Float32Array) =>
    b.constant(name, tensorOf('float32', size, values))
  const x = b.input('x', 'float32', shape)
  const domain = 'ai.kerf'
  const first = b.node(
    'AdderConv',
    [x, floats('w1', [6, 2, 3, 3], dyadic(108, -7, 6))],
    { group: 2, pads: [1, 1, 1, 1] },
    { domain, name: 'first' },
  )
  const normal = b.node(
    'BatchNormalization',
    [
      first,
      floats(
        'gamma',
        [6],
        Float32Array.from({ length: 6 }, () => 1 / 16),
      ),
      floats('beta', [6], dyadic(6, 4, 5)),
      floats('mean', [6], new Float32Array(6)),
      floats('variance', [6], new Float32Array(6).fill(1)),
    ],
    { epsilon: { kind: 'float', value: 0 } },
  )
  const positive = b.node('Relu', [normal])
  const weights = [floats('w2', [3, 6, 3, 3], dyadic(162, -7, 6)), floats('b2', [3], dyadic(3, -1, 1))]
  b.node(
    'AdderConv',
    [positive, ...weights],
    { strides: [2, 1], pads: [1, 0, 1, 0] },
    { domain, name: 'second', outputs: ['y'] },
  )
  b.output('y', { kind: 'tensor', elementType: 'float32', shape: ['', '', '', ''] })
  return b.model()
}

const adders = (model: Model): [Node, Node] => model.graph.nodes.filter((n) => n.opType === 'AdderConv') as [Node, Node]

/** Ranges whose scale is 2^-k. */
const ranges = (model: Model, bits: number): Map<Node, InputRange> => {
  const [first, second] = adders(model)
  const most = 2 ** bits - 1
  const step = 2 ** (2 - bits)
  const below = Math.floor(most / 3)
  return new Map([
    [first, { lo: -below * step, hi: (most - below) * step }],
    [second, { lo: 0, hi: most * step }],
  ])
}

const input = (lo = -2, hi = 3): HostTensor => hostTensor('float32', shape, dyadic(240, lo, hi))
const reference = (model: Model, x: HostTensor): number[] =>
  Array.from(hostValues(referenceRun(model, new Map([['x', x]])).get('y')!))

async function kernels(model: Model, x: HostTensor): Promise<number[]> {
  const notices: string[] = []
  const session = await createSession(model, { onNotice: (text) => notices.push(text) })
  const { y } = await session.run({ x })
  session.dispose()
  expect(notices).toEqual([])
  return Array.from(hostValues(y!))
}

const evenRound = (v: number): number => (Math.abs(v % 1) === 0.5 ? 2 * Math.round(v / 2) : Math.round(v))

/** One layer in integers, by definition: y = −scale·Σ|xq − wq| + bias, what was clamped off the weights taken from the bias. */
function integerLayer(
  x: { readonly shape: readonly number[]; readonly data: ArrayLike<number> },
  node: Node,
  model: Model,
  { lo, hi }: InputRange,
  bits: number,
): { shape: number[]; data: number[] } {
  const tensor = (name: string | undefined) => model.graph.initializers.get(name ?? '')
  const weight = tensor(node.inputs[1])!
  const w = tensorValues(weight)
  const [filters, channels, kernelHeight, kernelWidth] = weight.shape as [number, number, number, number]
  const own = tensor(node.inputs[2])
  const bias = own && tensorValues(own)
  const ints = (name: string, fallback: number[]) => {
    const a = node.attributes.get(name)
    return a?.kind === 'ints' ? a.value.map(Number) : fallback
  }
  const group = node.attributes.get('group')
  const groups = group?.kind === 'int' ? Number(group.value) : 1
  const [strideHeight, strideWidth] = ints('strides', [1, 1]) as [number, number]
  const [top, left, bottom, right] = ints('pads', [0, 0, 0, 0]) as [number, number, number, number]
  const most = 2 ** bits - 1
  const scale = (hi - lo) / most
  const zero = Math.round(-lo / scale)
  const code = (v: number) => Math.min(most, Math.max(0, evenRound(v / scale) + zero))
  const [batch, inChannels, height, width] = x.shape as [number, number, number, number]
  const outHeight = Math.floor((height + top + bottom - kernelHeight) / strideHeight) + 1
  const outWidth = Math.floor((width + left + right - kernelWidth) / strideWidth) + 1
  const data: number[] = []
  for (let n = 0; n < batch; n++)
    for (let f = 0; f < filters; f++)
      for (let row = 0; row < outHeight; row++)
        for (let column = 0; column < outWidth; column++) {
          let sum = 0
          let rest = 0
          for (let c = 0; c < channels; c++)
            for (let i = 0; i < kernelHeight; i++)
              for (let j = 0; j < kernelWidth; j++) {
                const [h, v] = [row * strideHeight + i - top, column * strideWidth + j - left]
                const channel = Math.floor(f / (filters / groups)) * channels + c
                const inside = h >= 0 && h < height && v >= 0 && v < width
                const at = inside ? x.data[((n * inChannels + channel) * height + h) * width + v]! : 0
                const raw = w[((f * channels + c) * kernelHeight + i) * kernelWidth + j]!
                const clamped = Math.min(Math.max(raw, -zero * scale), (most - zero) * scale)
                rest += Math.abs(raw - clamped)
                sum += Math.abs(code(at) - (Math.round(clamped / scale) + zero))
              }
          data.push(-scale * sum + ((bias?.[f] ?? 0) - rest))
        }
  return { shape: [batch, filters, outHeight, outWidth], data }
}

function integerNetwork(model: Model, x: HostTensor, bits: number): number[] {
  const [first, second] = adders(model)
  const range = ranges(model, bits)
  const beta = tensorValues(model.graph.initializers.get('beta')!)
  const one = integerLayer({ shape, data: hostValues(x) }, first, model, range.get(first)!, bits)
  const positions = one.shape[2]! * one.shape[3]!
  const positive = one.data.map((v, i) => Math.max(0, v / 16 + beta[Math.floor(i / positions) % 6]!))
  return integerLayer({ shape: one.shape, data: positive }, second, model, range.get(second)!, bits).data
}

describe('quantised adder layers', () => {
  it.each([8, 7, 6, 5, 4, 3, 2])('%i bits: reference and kernels give exactly what integers give', async (bits) => {
    const model = network()
    const x = input(-4, 5)
    const { model: quantised, layers } = quantizeAdderLayers(analyse(model, operators), ranges(model, bits), bits)
    const want = integerNetwork(model, x, bits)
    expect(new Set(want).size).toBeGreaterThan(10)
    expect(reference(quantised, x)).toEqual(want)
    expect(await kernels(quantised, x)).toEqual(want)
    expect(layers.map((l) => [l.node, l.bits, l.most, l.weights])).toEqual([
      ['first', bits, 2 ** bits - 1, 108],
      ['second', bits, 2 ** bits - 1, 162],
    ])
    expect(layers[0]?.clampedWeights).toBeGreaterThan(20)
  })

  it('clamping alone changes nothing while inputs stay in the range, padding included', () => {
    const model = network()
    const [first, second] = adders(model)
    const range = new Map([
      [first, { lo: -2, hi: 3 }],
      [second, { lo: 0, hi: 10 }],
    ])
    const x = input()
    const clamped = { ...model, graph: { ...model.graph, initializers: new Map(model.graph.initializers) } }
    clamped.graph.nodes = model.graph.nodes.map((node) => {
      const own = range.get(node)
      if (!own) return node
      const [data, w = '', b = ''] = node.inputs as [string, string, string?]
      const tensor = model.graph.initializers.get(w)!
      const filters = tensor.shape[0]!
      const inside = clampAdderWeights(Float32Array.from(tensorValues(tensor)), filters, own.lo, own.hi)
      expect(inside.clamped).toBeGreaterThan(10)
      const bias = model.graph.initializers.get(b)
      const old = bias ? tensorValues(bias) : new Float64Array(filters)
      clamped.graph.initializers.set(`${w}c`, tensorOf('float32', tensor.shape, inside.weights))
      clamped.graph.initializers.set(
        `${w}b`,
        tensorOf(
          'float32',
          [filters],
          inside.filterConstant.map((c, f) => old[f]! - c),
        ),
      )
      return { ...node, inputs: [data, `${w}c`, `${w}b`] }
    })
    const [want, got] = [reference(model, x), reference(clamped, x)]
    const size = Math.max(...want.map(Math.abs))
    got.forEach((v, i) => {
      expect(Math.abs(v - want[i]!)).toBeLessThan(1e-5 * size)
    })
  })

  it('are close to the floats in 8 bits, and the less so the fewer bits', () => {
    const model = network()
    const x = input()
    const want = reference(model, x)
    const error = (bits: number) => {
      const got = reference(quantizeAdderLayers(analyse(model, operators), ranges(model, bits), bits).model, x)
      return Math.sqrt(got.reduce((sum, v, i) => sum + (v - want[i]!) ** 2, 0) / want.reduce((s, v) => s + v * v, 0))
    }
    const errors = [8, 6, 4, 2].map(error)
    expect(errors[0]).toBeLessThan(0.003)
    expect(errors).toEqual([...errors].sort((a, b) => a - b))
  })

  it('share the codes of an input that several layers read alike', () => {
    const b = new GraphBuilder('two')
    const x = b.input('x', 'float32', shape)
    const weight = (name: string) => b.constant(name, tensorOf('float32', [2, 4, 1, 1], dyadic(8, -2, 2)))
    const nodes = ['a', 'b', 'c'].map((name) => b.node('AdderConv', [x, weight(name)], {}, { domain: 'ai.kerf', name }))
    for (const name of nodes) b.output(name)
    const model = b.model()
    const [first, second, third] = model.graph.nodes as [Node, Node, Node]
    const range = { lo: -1, hi: 2 }
    const { model: quantised } = quantizeAdderLayers(
      analyse(model, operators),
      new Map([
        [first, range],
        [second, range],
        [third, { lo: -1, hi: 4 }],
      ]),
      6,
    )
    const count = (opType: string) => quantised.graph.nodes.filter((n) => n.opType === opType).length
    expect([count('QuantizeLinear'), count('Clip'), count('DequantizeLinear')]).toEqual([2, 2, 2 + 3])
    expect(model.graph.nodes).toHaveLength(3)
    expect([...quantised.graph.initializers.keys()]).not.toContain('a')
  })

  it('leave layers without a range as they are', () => {
    const model = network()
    const [first] = adders(model)
    const { model: quantised, layers } = quantizeAdderLayers(
      analyse(model, operators),
      new Map([[first, { lo: -2, hi: 3 }]]),
      8,
    )
    expect(layers.map((l) => l.node)).toEqual(['first'])
    expect(quantised.graph.nodes).toContain(adders(model)[1])
    expect(quantised.graph.nodes.filter((n) => n.opType === 'Clip')).toEqual([])
  })

  it('say why they cannot be made', () => {
    const model = network()
    const [first] = adders(model)
    const quantise =
      (m: Model, node: Node, bits = 6) =>
      () =>
        quantizeAdderLayers(analyse(m, operators), new Map([[node, { lo: 0, hi: 1 }]]), bits)
    expect(quantise(model, first, 9)).toThrow('Adder layers can be quantised to 2 to 8 bits, not 9.')
    expect(quantise(model, first, 1)).toThrow('not 1.')
    expect(quantise(model, model.graph.nodes[1]!)).toThrow(
      'BatchNormalization "BatchNormalization_0" is no AdderConv of the model\'s graph.',
    )
    expect(quantise(network(), first)).toThrow('AdderConv "first" is no AdderConv of the model\'s graph.')
    const old = network(11)
    expect(quantise(old, adders(old)[0])).toThrow('Codes of 6 bits take opset 12 or higher; the model has 11.')
    expect(quantise(old, adders(old)[0], 8)).not.toThrow()
    const b = new GraphBuilder('computed')
    b.output(
      b.node(
        'AdderConv',
        [b.input('x', 'float32', [1, 1, 3]), b.input('w', 'float32', [1, 1, 2])],
        {},
        { domain: 'ai.kerf', name: 'it' },
      ),
    )
    const computed = b.model()
    expect(quantise(computed, computed.graph.nodes[0]!)).toThrow(
      'AdderConv "it": its weight "w" is computed while running. Leave the layer out of what is to be quantised.',
    )
  })
})

describeOrt('quantised adder layers in ONNX Runtime', () => {
  it.each([8, 6, 5, 4])('%i bits: the file runs, and agrees', async (bits) => {
    const model = network()
    const x = input()
    const { model: quantised } = quantizeAdderLayers(analyse(model, operators), ranges(model, bits), bits)
    const { y } = await runOrt(modelBytes(quantised), {
      x: { type: 'float32', dims: shape, data: x.data as Float32Array },
    })
    expect(Array.from(y?.data as Float32Array)).toEqual(reference(quantised, x))
  })
})
