// Channels that a mean, a variance or a maximum is taken over, or a window slides over: they stay, or go if inexact cuts are asked for. A normalisation that an exporter wrote as
// simpler operators is cut as the operator itself.

import { expect, it } from 'vitest'
import { seededRandom } from '../src/base/index.ts'
import { float, GraphBuilder, type Model, tensorOf, tensorValues } from '../src/graph/index.ts'
import { modelBytes } from '../src/onnx/index.ts'
import { findGroups, pruneModel } from '../src/prune/index.ts'
import { describeOrt, randomTensor, runOrt } from '../src/testing/ort.ts'
import { compareOutputs } from '../src/testing/outputs.ts'

class Net {
  readonly b: GraphBuilder
  readonly #random = seededRandom(4)

  constructor(opset: number) {
    this.b = new GraphBuilder('inexact', opset)
  }

  floats(name: string, ...shape: number[]): string {
    const size = shape.reduce((p, d) => p * d, 1)
    return this.b.constant(
      name,
      tensorOf(
        'float32',
        shape,
        Float32Array.from({ length: size }, () => this.#random.normal()),
      ),
    )
  }

  conv(name: string, x: string, from: number, to: number): string {
    return this.b.node(
      'Conv',
      [x, this.floats(`${name}.w`, to, from, 1, 1), this.floats(`${name}.b`, to)],
      {},
      { name },
    )
  }
}

/** x [2,3,4,4] → a (8 channels) → what is given → b (3) → y. Weights are the same whatever stands between. */
function between(middle: (net: Net, x: string) => string, opset = 17): Model {
  const net = new Net(opset)
  const x = net.b.input('x', 'float32', [2, 3, 4, 4])
  const a = net.conv('a', x, 3, 8)
  net.floats('scale', 8)
  net.floats('shift', 8)
  net.b.output(net.conv('b', middle(net, a), 8, 3), { kind: 'tensor', elementType: 'float32', shape: undefined })
  return net.b.model()
}

const epsilon = { epsilon: float(1e-5) }
const affine = ({ b }: Net, x: string, shape: number[]) => {
  const fitted = (v: string) => b.node('Reshape', [v, b.ints(`${v}.shape`, shape)])
  return b.node('Add', [b.node('Mul', [x, fitted('scale')]), fitted('shift')])
}

const groupNorm = between(
  ({ b }, x) => b.node('GroupNormalization', [x, 'scale', 'shift'], { num_groups: 4, ...epsilon }, { name: 'norm' }),
  21,
)
const groupNormWrittenOut = between((net, x) => {
  const { b } = net
  const rows = b.node('Reshape', [x, b.ints('rows', [0, 4, -1])])
  const [ones, zeros] = [1, 0].map((v) => b.constant(`of${v}`, tensorOf('float32', [4], [v, v, v, v])))
  const even = b.node('InstanceNormalization', [rows, ones!, zeros!], epsilon, { name: 'norm' })
  return affine(net, b.node('Reshape', [even, b.node('Shape', [x])]), [8, 1, 1])
})

const nhwc = (norm: (net: Net, x: string) => string) =>
  between((net, x) => {
    const moved = norm(net, net.b.node('Transpose', [x], { perm: [0, 2, 3, 1] }))
    return net.b.node('Transpose', [moved], { perm: [0, 3, 1, 2] })
  })
const layerNorm = nhwc(({ b }, x) =>
  b.node('LayerNormalization', [x, 'scale', 'shift'], { axis: -1, ...epsilon }, { name: 'norm' }),
)
const layerNormWrittenOut = nhwc((net, x) => {
  const { b } = net
  const mean = (v: string, name: string) => b.node('ReduceMean', [v], { axes: [-1] }, { name })
  const centred = b.node('Sub', [x, mean(x, 'norm')])
  const variance = mean(b.node('Mul', [centred, centred]), 'variance')
  const deviation = b.node('Sqrt', [b.node('Add', [variance, b.constant('eps', tensorOf('float32', [1], [1e-5]))])])
  return affine(net, b.node('Div', [centred, deviation]), [8])
})

/** A gate of a 1-D convolution over the channels' means (ECA-Net), with this window. */
const eca = (window: number[]) =>
  between(({ b }, x) => {
    const side = (window.length - 1) / 2
    const axes = b.ints('last', [3])
    const mean = b.node('Transpose', [b.node('Squeeze', [b.node('GlobalAveragePool', [x]), axes])], { perm: [0, 2, 1] })
    const w = b.constant('window', tensorOf('float32', [1, 1, window.length], window))
    const mixed = b.node('Conv', [mean, w], { pads: [side, side] }, { name: 'window' })
    const gate = b.node('Sigmoid', [b.node('Transpose', [mixed], { perm: [0, 2, 1] })])
    return b.node('Mul', [x, b.node('Unsqueeze', [gate, axes])])
  })

const refusing: [string, Model, string][] = [
  ['GroupNorm', groupNorm, 'norm: GroupNormalization normalises over channels'],
  [
    'GroupNorm written out',
    groupNormWrittenOut,
    'norm: InstanceNormalization normalises over axis 2, as part of GroupNorm written out',
  ],
  ['LayerNorm', layerNorm, 'norm: LayerNormalization normalises over axis 3'],
  [
    'LayerNorm written out',
    layerNormWrittenOut,
    'norm: ReduceMean combines the channels on axis 3, as part of LayerNorm written out',
  ],
]

it.each(refusing)('channels before %s stay, and it is named', async (_, model, why) => {
  const { groups, refused } = findGroups(model)
  expect(groups).toEqual([])
  expect(refused.find((r) => r.node === 'a')).toEqual({ node: 'a', why, channels: 8 })
  await expect(pruneModel(model, { scope: { ratio: 0.5 } })).rejects.toThrow('--inexact would find 1 group.')
})

const halved = (model: Model) => pruneModel(model, { criterion: 'l2', scope: { ratio: 0.5 }, inexact: true })

describeOrt('inexact cuts', () => {
  it.each([
    ['GroupNorm', groupNorm, groupNormWrittenOut],
    ['LayerNorm', layerNorm, layerNormWrittenOut],
  ])('%s is cut alike, as an operator and written out', async (_, operator, writtenOut) => {
    const x = randomTensor([2, 3, 4, 4], 7)
    const given = [operator, writtenOut].map((m) => runOrt(modelBytes(m), { x }))
    expect(compareOutputs((await given[0]) as never, (await given[1]) as never)).toBeLessThan(1e-5)
    const results = await Promise.all([operator, writtenOut].map(halved))
    for (const { groups, inexact } of results) {
      expect(groups.map((g) => [g.name, g.channels, g.kept])).toEqual([['a', 8, 4]])
      expect(inexact[0]).toMatchObject({ node: 'norm', removed: 4, channels: 8 })
    }
    const [a, b] = await Promise.all(results.map((r) => runOrt(modelBytes(r.model), { x })))
    expect(compareOutputs(a as never, b as never)).toBeLessThan(1e-5)
    // Not the masked network.
    const [first] = results as [Awaited<ReturnType<typeof halved>>]
    expect(compareOutputs(await runOrt(modelBytes(first.masked!), { x }), a as never)).toBeGreaterThan(1e-3)
  })

  it('take equally many from each group', async () => {
    const { model } = await halved(groupNorm)
    const rows = (m: Model) => {
      const w = tensorValues(m.graph.initializers.get('a.w') as never)
      return Array.from({ length: w.length / 3 }, (_, i) => w.subarray(3 * i, 3 * i + 3).join())
    }
    const all = rows(groupNorm)
    expect(rows(model).map((row) => Math.floor(all.indexOf(row) / 2))).toEqual([0, 1, 2, 3])
  })

  it('maxima and means over channels, as in CBAM', async () => {
    const model = between((net, x) => {
      const { b } = net
      const over = (opType: string) => b.node(opType, [x], { axes: [1] }, { name: opType })
      const gate = net.conv('gate', b.node('Concat', [over('ReduceMax'), over('ReduceMean')], { axis: 1 }), 2, 1)
      return b.node('Mul', [x, b.node('Sigmoid', [gate])])
    })
    expect(findGroups(model).refused.find((r) => r.node === 'a')?.why).toBe(
      'ReduceMax: ReduceMax combines the channels on axis 1',
    )
    const { model: cut, inexact } = await halved(model)
    expect(inexact.map((n) => n.node)).toEqual(['ReduceMax', 'ReduceMean'])
    await runOrt(modelBytes(cut), { x: randomTensor([2, 3, 4, 4], 7) })
  })

  it('windows over channels, as in ECA', async () => {
    const model = eca([0.5, -1, 2])
    expect(findGroups(model).refused.find((r) => r.node === 'a')?.why).toBe(
      'window: Conv mixes neighbouring channels on axis 2',
    )
    const { model: cut, inexact } = await halved(model)
    expect(inexact).toMatchObject([{ node: 'window', removed: 4, channels: 8 }])
    // By hand, with x = 1 everywhere: a is W·1 + b in every place, its own mean.
    const [w, bias, v, c] = ['a.w', 'a.b', 'b.w', 'b.b'].map((n) => [
      ...tensorValues(cut.graph.initializers.get(n) as never),
    ]) as [number[], number[], number[], number[]]
    const a = bias.map((b, i) => b + w[3 * i]! + w[3 * i + 1]! + w[3 * i + 2]!)
    const at = (i: number) => a[i] ?? 0
    const gated = a.map((value, i) => value / (1 + Math.exp(-(0.5 * at(i - 1) - at(i) + 2 * at(i + 1)))))
    const y = c.map((b, o) => gated.reduce((sum, g, i) => sum + g * v[o * a.length + i]!, b))
    const result = await runOrt(modelBytes(cut), {
      x: { type: 'float32', dims: [2, 3, 4, 4], data: new Float32Array(96).fill(1) },
    })
    const [values] = Object.values(result).map((t) => t.data as Float32Array)
    expect(values).toHaveLength(96)
    values?.forEach((value, i) => {
      expect(value).toBeCloseTo(y[Math.floor(i / 16) % 3]!, 4)
    })
  })

  it('are not needed for a window of one channel', async () => {
    const result = await pruneModel(eca([0.7]), { scope: { ratio: 0.5 } })
    expect(result.inexact).toEqual([])
    expect(result.groups.find((g) => g.name === 'a')).toMatchObject({ channels: 8, kept: 4 })
    const x = randomTensor([2, 3, 4, 4], 7)
    const masked = await runOrt(modelBytes(result.masked!), { x })
    expect(compareOutputs(masked, await runOrt(modelBytes(result.model), { x }))).toBeLessThan(1e-5)
  })

  it('are not needed for sums, of rows as in SGE', async () => {
    const model = between(({ b }, x) => {
      const flat = b.node('Reshape', [b.node('Relu', [x]), b.ints('flat', [0, 4, -1])])
      const gate = b.node('Sigmoid', [b.node('ReduceSum', [flat, b.ints('axis', [2])], { keepdims: 1 })])
      const gated = b.node('Mul', [flat, gate])
      return b.node('Reshape', [gated, b.ints('back', [0, -1, 4, 4])])
    })
    const result = await pruneModel(model, { scope: { ratio: 0.5 } })
    expect(result.inexact).toEqual([])
    expect(result.groups.map((g) => [g.name, g.channels, g.kept])).toEqual([['a', 8, 4]])
    const x = randomTensor([2, 3, 4, 4], 7)
    const masked = await runOrt(modelBytes(result.masked!), { x })
    expect(compareOutputs(masked, await runOrt(modelBytes(result.model), { x }))).toBeLessThan(1e-5)
  })
})
