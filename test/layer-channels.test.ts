// Channel rules of single operators: convolution → operator → convolution, pruned; ONNX Runtime judges that masked = removed.

import { expect, it } from 'vitest'
import { seededRandom } from '../src/base/index.ts'
import { type AttributeValue, float, floats, GraphBuilder, type Model, tensorOf } from '../src/graph/index.ts'
import { modelBytes } from '../src/onnx/index.ts'
import { findGroups, pruneModel } from '../src/prune/index.ts'
import { hostTensor, referenceRun } from '../src/runtime/index.ts'
import { describeOrt, randomTensor, runOrt } from '../src/testing/ort.ts'
import { compareOutputs } from '../src/testing/outputs.ts'

const random = seededRandom(5)
type Builder = GraphBuilder
type Attributes = Record<string, AttributeValue>

let count = 0
const normal = (b: Builder, ...shape: number[]): string =>
  b.constant(
    `c${count++}`,
    tensorOf(
      'float32',
      shape,
      Array.from({ length: shape.reduce((p, d) => p * d, 1) }, () => random.normal()),
    ),
  )
const positive = (b: Builder, ...shape: number[]): string =>
  b.constant(
    `c${count++}`,
    tensorOf(
      'float32',
      shape,
      Array.from({ length: shape.reduce((p, d) => p * d, 1) }, () => 0.5 + random.uniform()),
    ),
  )
const numbers = (b: Builder, ...values: number[]): string =>
  b.constant(`c${count++}`, tensorOf('float32', [values.length], values))
const ints = (b: Builder, ...values: number[]): string => b.ints(`c${count++}`, values)
const conv = (b: Builder, x: string, from: number, to: number, name: string): string =>
  b.node('Conv', [x, normal(b, to, from, 3, 3), normal(b, to)], { pads: [1, 1, 1, 1] }, { name })

/** x [1,3,8,8] → first (3 → 8) → the operator → last (`channels` → 4). */
function around(middle: (b: Builder, x: string) => string, channels = 8, opset = 17): Model {
  const b = new GraphBuilder('around', opset)
  const first = conv(b, b.input('x', 'float32', [1, 3, 8, 8]), 3, 8, 'first')
  b.output(conv(b, middle(b, first), channels, 4, 'last'), { kind: 'tensor', elementType: 'float32', shape: undefined })
  return b.model()
}

const op =
  (opType: string, attributes: Attributes = {}, more: (b: Builder) => string[] = () => []) =>
  (b: Builder, x: string) =>
    b.node(opType, [x, ...more(b)], attributes)

const pool = { kernel_shape: [2, 2], strides: [2, 2] }
const vectors = (n: number) => (b: Builder) => Array.from({ length: n }, () => positive(b, 8))

/** The first convolution loses half of its channels, and everything follows. */
const passing: [string, Model][] = [
  ['Relu', around(op('Relu'))],
  ['Clip', around(op('Clip', {}, (b) => [b.constant('low', tensorOf('float32', [], [-0.5]))]))],
  ['PRelu', around(op('PRelu', {}, (b) => [normal(b, 8, 1, 1)]))],
  ['Sigmoid', around(op('Sigmoid'))],
  ['Dropout', around(op('Dropout'))],
  ['BatchNormalization', around(op('BatchNormalization', {}, vectors(4)))],
  ['InstanceNormalization', around(op('InstanceNormalization', {}, vectors(2)))],
  [
    'LayerNormalization in space',
    around(op('LayerNormalization', { axis: 2 }, (b) => [normal(b, 8, 8), normal(b, 8, 8)])),
  ],
  [
    'LayerNormalization with a scale per channel',
    around(op('LayerNormalization', { axis: 2 }, (b) => [normal(b, 8, 8, 8)])),
  ],
  ['Softmax along a row', around(op('Softmax'))],
  ['LpNormalization along a row', around(op('LpNormalization'))],
  ['MaxPool', around(op('MaxPool', pool))],
  ['AveragePool', around(op('AveragePool', pool))],
  ['LpPool', around(op('LpPool', pool))],
  ['GlobalAveragePool', around(op('GlobalAveragePool'))],
  ['GlobalMaxPool', around(op('GlobalMaxPool'))],
  ['SpaceToDepth', around(op('SpaceToDepth', { blocksize: 2 }), 32)],
  ['Resize by scales', around(op('Resize', { mode: 'linear' }, (b) => ['', numbers(b, 1, 1, 2, 2)]))],
  ['Resize to sizes', around(op('Resize', { mode: 'nearest' }, (b) => ['', '', ints(b, 1, 8, 5, 12)]))],
  [
    'Resize to sizes of some axes',
    around(
      op('Resize', { axes: [1, 2] }, (b) => ['', '', ints(b, 8, 12)]),
      8,
      18,
    ),
  ],
  ['Upsample', around(op('Upsample', { scales: floats([1, 1, 2, 2]) }), 8, 7)],
  [
    'ConvTranspose',
    around((b, x) => b.node('ConvTranspose', [x, normal(b, 8, 6, 2, 2), normal(b, 6)], { strides: [2, 2] }), 6),
  ],
  [
    'depthwise ConvTranspose',
    around((b, x) => b.node('ConvTranspose', [x, normal(b, 8, 1, 2, 2), normal(b, 8)], { group: 8 })),
  ],
  [
    'depthwise ConvTranspose with multiplier 2',
    around((b, x) => b.node('ConvTranspose', [x, normal(b, 8, 2, 2, 2), normal(b, 16)], { group: 8 }), 16),
  ],
  [
    'grouped ConvTranspose',
    around((b, x) => b.node('ConvTranspose', [x, normal(b, 8, 3, 2, 2), normal(b, 6)], { group: 2 }), 6),
  ],
  [
    'MaxUnpool',
    around((b, x) => {
      b.node('MaxPool', [x], pool, { name: 'pool', outputs: ['pooled', 'indices'] })
      return b.node('MaxUnpool', ['pooled', 'indices', ints(b, 1, 8, 8, 8)], pool)
    }),
  ],
  [
    'QuantizeLinear and DequantizeLinear per channel',
    around((b, x) => {
      const scale = positive(b, 8)
      const zero = b.constant('zero', tensorOf('uint8', [8], [100, 110, 120, 130, 140, 150, 160, 170]))
      return b.node('DequantizeLinear', [b.node('QuantizeLinear', [x, scale, zero]), scale, zero])
    }),
  ],
  [
    'a weight that is computed, once',
    around((b, x) => b.node('ConvTranspose', [x, b.node('Exp', [normal(b, 8, 8, 1, 1)])])),
  ],
  ['Einsum along rows', around((b, x) => b.node('Einsum', [x, normal(b, 8, 8)], { equation: 'ncij,jk->ncik' }))],
  [
    'Einsum as a pointwise convolution',
    around((b, x) => b.node('Einsum', [x, normal(b, 8, 6)], { equation: 'nchw,cd->ndhw' }), 6),
  ],
  [
    'Einsum with dots, the weight first',
    around((b, x) => b.node('Einsum', [normal(b, 6, 8), x], { equation: 'dc,nc...->nd...' }), 6),
  ],
  [
    'Einsum that scales and repeats',
    around((b, x) => b.node('Einsum', [x, normal(b, 8), normal(b, 1, 8, 1, 1)], { equation: 'nchw,c,ncij->nchw' })),
  ],
  [
    'Einsum of two activations, channels as rows',
    around((b, x) => b.node('Einsum', [x, b.node('Tanh', [x])], { equation: 'nchw,ncvw->nchv' })),
  ],
  [
    'Expand of one channel to as many as the other operand has',
    around((b, x) => {
      const gate = b.node('Sigmoid', [conv(b, 'x', 3, 1, 'gate')])
      return b.node('Mul', [x, b.node('Expand', [gate, b.node('Shape', [x])])])
    }),
  ],
  [
    'Expand of one channel to a size that is written out',
    around((b, x) => {
      const gate = b.node('Sigmoid', [conv(b, 'x', 3, 1, 'gate')])
      return b.node('Mul', [x, b.node('Expand', [gate, ints(b, 1, 8, 1, 1)])])
    }),
  ],
  ['MatMul along rows', around((b, x) => b.node('MatMul', [x, normal(b, 8, 8)]))],
  [
    'FusedMatMul along rows, turned and scaled',
    around((b, x) =>
      b.node(
        'FusedMatMul',
        [x, normal(b, 8, 8)],
        { transA: 1, transB: 1, alpha: float(0.5) },
        { domain: 'com.microsoft' },
      ),
    ),
  ],
  ['MatMul with a weight on the left', around((b, x) => b.node('MatMul', [normal(b, 8, 8), x]))],
  ['a product of two activations', around((b, x) => b.node('MatMul', [b.node('Relu', [x]), b.node('Tanh', [x])]))],
]

describeOrt('channels pass', () => {
  it.each(passing)('%s', async (_, model) => {
    const result = await pruneModel(model, { methods: ['filter'], criterion: 'random', seed: 3, scope: { ratio: 0.5 } })
    const first = result.groups.find((g) => g.layers.includes('first'))
    expect(first).toMatchObject({ channels: 8, kept: 4 })
    const feeds = { x: randomTensor([1, 3, 8, 8], 7) }
    const masked = await runOrt(modelBytes(result.masked!), feeds)
    const cut = await runOrt(modelBytes(result.model), feeds)
    expect(compareOutputs(masked, cut)).toBeLessThan(1e-5)
  })

  it.each(['DCR', 'CRD'])('DepthToSpace %s: blocks go as a whole', async (mode) => {
    const model = around(op('DepthToSpace', { blocksize: 2, mode }), 2)
    const result = await pruneModel(model, { methods: ['filter'], criterion: 'random', scope: { ratio: 0.5 } })
    expect(result.groups.find((g) => g.layers.includes('first'))?.tensors.map((t) => t.name)).toHaveLength(3)
    const feeds = { x: randomTensor([1, 3, 8, 8], 7) }
    const masked = await runOrt(modelBytes(result.masked!), feeds)
    expect(compareOutputs(masked, await runOrt(modelBytes(result.model), feeds))).toBeLessThan(1e-5)
  })

  it('through integer layers', async () => {
    const result = await pruneModel(quantised(0), { methods: ['filter', 'neuron'], scope: { ratio: 0.5 } })
    // The second convolution's channels are rows of the products, up to the output.
    expect(result.groups.map((g) => [g.layers[0], g.channels, g.kept])).toEqual([
      ['first', 8, 4],
      ['left', 8, 4],
    ])
    // ONNX Runtime's products of uint8 and int8 saturate on processors without VNNI, so that there masked and cut differ.
    const x = hostTensor('float32', [1, 3, 8, 8], randomTensor([1, 3, 8, 8], 7).data as Float32Array)
    const [masked, cut] = [result.masked!, result.model].map((m) => [...referenceRun(m, new Map([['x', x]])).values()])
    expect(cut?.map((t) => t.data)).toEqual(masked?.map((t) => t.data))
    expect(new Set(masked?.[0]?.data as Float32Array).size).toBeGreaterThan(1)
  })

  it('through a linear head: transposed or not, scaled, with bias', async () => {
    const b = new GraphBuilder('head')
    const features = b.node('Flatten', [
      b.node('GlobalAveragePool', [conv(b, b.input('x', 'float32', [1, 3, 8, 8]), 3, 8, 'first')]),
    ])
    const hidden = b.node(
      'Gemm',
      [features, normal(b, 10, 8), normal(b, 1, 10)],
      { transB: 1, alpha: float(0.5), beta: float(2) },
      { name: 'hidden' },
    )
    const row = b.node('Gemm', [hidden, normal(b, 10, 6), normal(b, 1)], {}, { name: 'row' })
    const turned = b.node('Transpose', [row], { perm: [1, 0] })
    const column = b.node('Gemm', [turned, normal(b, 6, 8), normal(b, 8)], { transA: 1 }, { name: 'column' })
    b.output(b.node('MatMul', [column, normal(b, 8, 3)], {}, { name: 'last' }), {
      kind: 'tensor',
      elementType: 'float32',
      shape: [1, 3],
    })
    const result = await pruneModel(b.model(), {
      methods: ['filter', 'neuron'],
      criterion: 'l2',
      scope: { ratio: 0.5 },
    })
    expect(result.groups.map((g) => [g.layers[0], g.channels, g.kept])).toEqual([
      ['first', 8, 4],
      ['hidden', 10, 5],
      ['row', 6, 3],
      ['column', 8, 4],
    ])
    const feeds = { x: randomTensor([1, 3, 8, 8], 7) }
    const masked = await runOrt(modelBytes(result.masked!), feeds)
    expect(compareOutputs(masked, await runOrt(modelBytes(result.model), feeds))).toBeLessThan(1e-5)
  })
})

/** x → quantised → 8 channels → 8 neurons per row, all in integers; the weights' zero points as given. */
function quantised(zeroPoint: number): Model {
  const b = new GraphBuilder('quantised')
  const integers = (type: 'int8' | 'uint8' | 'int32', low: number, high: number, ...shape: number[]): string => {
    const size = shape.reduce((p, d) => p * d, 1)
    const values = Array.from({ length: size }, () => Math.round(low + (high - low) * random.uniform()))
    return b.constant(`c${count++}`, tensorOf(type, shape, values))
  }
  const scale = (value: number): string => b.constant(`c${count++}`, tensorOf('float32', [], [value]))
  const zero = b.constant('zero', tensorOf('uint8', [], [120]))
  const layer = (x: string, from: number, to: number, name: string): string => {
    const weightZero = b.constant(`c${count++}`, tensorOf('int8', [to], new Array<number>(to).fill(zeroPoint)))
    const weight = [integers('int8', -90, 90, to, from, 3, 3), positive(b, to), weightZero]
    return b.node(
      'QLinearConv',
      [x, scale(0.1), zero, ...weight, scale(20), zero, integers('int32', -500, 500, to)],
      {},
      { name },
    )
  }
  const q = b.node('QuantizeLinear', [b.input('x', 'float32', [1, 3, 8, 8]), scale(0.02), zero])
  const conv = layer(layer(q, 3, 8, 'first'), 8, 6, 'second')
  const [left, right] = [integers('int8', -90, 90, 4, 8), integers('int8', -90, 90, 8, 4)]
  const weightZero = b.constant('weightZero', tensorOf('int8', [], [zeroPoint]))
  const first = b.node(
    'QLinearMatMul',
    [conv, scale(1), zero, left, scale(1), weightZero, scale(9), zero],
    {},
    { name: 'left' },
  )
  const integer = b.node('MatMulInteger', [first, right, zero, weightZero], {}, { name: 'right' })
  b.output(b.node('Cast', [integer], { to: 1 }), { kind: 'tensor', elementType: 'float32', shape: undefined })
  return b.model()
}

/** The first convolution keeps all its channels, and this is why. */
const stopping: [string, Model, string][] = [
  ['LRN', around(op('LRN', { size: 3 })), 'LRN normalises over channels'],
  ['MeanVarianceNormalization', around(op('MeanVarianceNormalization')), 'ONNX Runtime divides 0 by 0'],
  ['Softmax over channels', around(op('Softmax', { axis: 1 })), 'Softmax normalises over channels'],
  ['Softmax before opset 13', around(op('Softmax'), 8, 11), 'Softmax normalises over channels'],
  [
    'LayerNormalization over channels',
    around(op('LayerNormalization', { axis: 1 }, (b) => [normal(b, 8, 8, 8)])),
    'LayerNormalization normalises over channels',
  ],
  [
    'GroupNormalization',
    around(op('GroupNormalization', { num_groups: 2 }, vectors(2)), 8, 21),
    'GroupNormalization normalises over channels',
  ],
  [
    'Resize of channels',
    around(op('Resize', {}, (b) => ['', numbers(b, 1, 1.1, 2, 2)])),
    'Resize interpolates along axis 1',
  ],
  [
    'DynamicQuantizeLinear',
    around((b, x) => {
      b.node('DynamicQuantizeLinear', [x], {}, { outputs: ['q', 's', 'z'] })
      return b.node('DequantizeLinear', ['q', 's', 'z'])
    }),
    'the scale is taken from the range of all channels',
  ],
  [
    'AdderConv',
    around((b, x) => b.node('AdderConv', [x, normal(b, 8, 8, 1, 1)], {}, { domain: 'ai.kerf' })),
    'still contributes −|w|',
  ],
  ['a weight with a zero point', quantised(3), 'a stored 0 is no zero'],
]

it.each(stopping)('channels stop at %s', (_, model, why) => {
  const { groups, refused } = findGroups(model)
  expect(groups.flatMap((g) => g.roots.map((r) => r.node.name))).not.toContain('first')
  expect(refused.find((r) => r.node === 'first')?.why).toContain(why)
})
