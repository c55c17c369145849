// Channels that are summed over without weights, as in attention: both factors lose the same ones, if masking makes them 0 there.

import { expect, it } from 'vitest'
import { seededRandom } from '../src/base/index.ts'
import { GraphBuilder, type Model, tensorOf, tensorValues } from '../src/graph/index.ts'
import { modelBytes } from '../src/onnx/index.ts'
import { findGroups, pruneModel } from '../src/prune/index.ts'
import { describeOrt, randomTensor, runOrt } from '../src/testing/ort.ts'
import { compareOutputs } from '../src/testing/outputs.ts'

type Step = (net: Net, x: string) => string

class Net {
  readonly b = new GraphBuilder('summed')
  readonly #random = seededRandom(11)
  #count = 0

  floats(...shape: number[]): string {
    const size = shape.reduce((p, d) => p * d, 1)
    const values = Float32Array.from({ length: size }, () => this.#random.normal())
    return this.b.constant(`f${this.#count++}`, tensorOf('float32', shape, values))
  }

  conv(x: string, from: number, to: number, name: string): string {
    return this.b.node(
      'Conv',
      [
        x,
        this.floats(to, from, 1, 1),
        this.b.constant(
          `${name}.bias`,
          tensorOf(
            'float32',
            [to],
            Array.from({ length: to }, () => this.#random.normal()),
          ),
        ),
      ],
      {},
      { name },
    )
  }
}

/** softmax(θ(x)ᵀ φ(x)) over places, times x: what comes behind θ and φ is given. */
function attention(theta: Step, phi: Step, product?: Step): Model {
  const net = new Net()
  const { b } = net
  const x = b.input('x', 'float32', [1, 3, 4, 4])
  const flat = (v: string) => b.node('Reshape', [v, b.constant(`${v}.shape`, tensorOf('int64', [3], [1, -1, 16]))])
  const t = flat(theta(net, net.conv(x, 3, 6, 'theta')))
  const p = flat(phi(net, net.conv(x, 3, 6, 'phi')))
  const similar = product
    ? product(net, `${t} ${p}`)
    : b.node('MatMul', [b.node('Transpose', [t], { perm: [0, 2, 1] }), p])
  const weights = b.node('Softmax', [similar], { axis: -1 })
  b.output(b.node('MatMul', [flat(net.conv(x, 3, 4, 'g')), weights], {}, { outputs: ['y'] }))
  return b.model()
}

const op =
  (opType: string, ...more: ((net: Net) => string)[]): Step =>
  (net, x) =>
    net.b.node(opType, [x, ...more.map((m) => m(net))])
const nothing: Step = (_, x) => x
const perChannel = (net: Net) => net.floats(1, 6, 1, 1)
const half = (net: Net) => net.b.constant('half', tensorOf('float32', [1], [0.5]))
const vector = (net: Net) => net.floats(6)
const positive = (net: Net) => net.b.constant('variance', tensorOf('float32', [6], [1, 2, 3, 1, 2, 3]))

const passing: [string, Step, Step, Step?][] = [
  ['convolutions with biases', nothing, nothing],
  ['Relu and pooling', op('Relu'), (net, x) => net.b.node('MaxPool', [x], { kernel_shape: [1, 1] })],
  ['a bias as Add, a scale as Mul', op('Add', perChannel), op('Mul', perChannel)],
  ['a scale of all', op('Mul', half), op('Div', half)],
  ['BatchNormalization', op('BatchNormalization', vector, vector, vector, positive), nothing],
  ['a Sigmoid on one side', op('Sigmoid'), op('Tanh')],
  ['a gate: x · sigmoid(x)', (net, x) => net.b.node('Mul', [x, net.b.node('Sigmoid', [x])]), op('Sigmoid')],
  [
    'zeros around',
    (net, x) =>
      net.b.node('Pad', [
        net.b.node('Slice', [x, ...[[0], [3], [2]].map((v, i) => net.b.ints(`s${i}`, v))]),
        net.b.ints('pads', [0, 0, 0, 0, 0, 0, 1, 0]),
      ]),
    op('Sigmoid'),
  ],
  ['Einsum', nothing, nothing, (net, both) => net.b.node('Einsum', both.split(' '), { equation: 'nci,ncj->nij' })],
]

describeOrt('channels of both factors go', () => {
  it.each(passing)('%s', async (_, theta, phi, product) => {
    const model = attention(theta, phi, product)
    const result = await pruneModel(model, { criterion: 'random', seed: 2, scope: { ratio: 0.5 } })
    expect(result.groups.map((g) => [g.layers, g.channels, g.kept])).toEqual([[['theta', 'phi'], 6, 3]])
    const feeds = { x: randomTensor([1, 3, 4, 4], 7) }
    const masked = await runOrt(modelBytes(result.masked!), feeds)
    expect(compareOutputs(masked, await runOrt(modelBytes(result.model), feeds))).toBeLessThan(1e-5)
    // Masked is the given network with some numbers 0, and nothing else.
    for (const [name, tensor] of result.masked?.graph.initializers ?? []) {
      const before = tensorValues(model.graph.initializers.get(name) as never)
      tensorValues(tensor).forEach((v, i) => {
        if (v !== before[i]) expect(v).toBe(0)
      })
    }
  })

  it('zeroes the biases of one factor, and no others', async () => {
    const model = attention(op('Sigmoid'), nothing)
    const { masked } = await pruneModel(model, { scope: { ratio: 0.5 } })
    const zeros = (name: string) =>
      tensorValues(masked?.graph.initializers.get(name) as never).filter((v) => v === 0).length
    expect(['theta.bias', 'phi.bias', 'g.bias'].map(zeros)).toEqual([0, 3, 0])
  })
})

const stopping: [string, Step, Step][] = [
  ['a Sigmoid on both sides', op('Sigmoid'), op('Sigmoid')],
  ['a number added on both sides', op('Add', half), op('Sub', half)],
  ['an exponential', op('Exp'), op('Softplus')],
]

it.each(stopping)('they stay behind %s', (_, theta, phi) => {
  const { groups, refused } = findGroups(attention(theta, phi))
  expect(groups).toEqual([])
  expect(refused.filter((r) => r.node !== 'g').map((r) => [r.node, r.channels])).toEqual([
    ['theta', 6],
    ['phi', 6],
  ])
  expect(refused[0]?.why).toContain('it is summed over without a weight, and would not be 0 there if it were masked')
})

// A weight that is a vector has channels that it reads and none of its own.
const byVector: [string, (net: Net, x: string, weight: string) => string][] = [
  // Relu: ONNX Runtime 1.30 makes one node of Transpose and MatMul, and reads the matrix of that as if it were not transposed.
  ['MatMul, on the right', (net, x, w) => net.b.node('MatMul', [op('Relu')(net, op('Transpose')(net, x)), w])],
  ['MatMul, on the left', (net, x, w) => net.b.node('MatMul', [w, x])],
  ['Einsum', (net, x, w) => net.b.node('Einsum', [x, w], { equation: 'cp,c->p' })],
  [
    'MatMul with a vector that is computed',
    (net, x, w) => net.b.node('MatMul', [net.b.node('Reshape', [w, net.b.ints('six', [6])]), x]),
  ],
]

describeOrt('channels that a vector sums go', () => {
  it.each(byVector)('%s', async (_, sum) => {
    const net = new Net()
    const x = net.conv(net.b.input('x', 'float32', [1, 3, 4, 4]), 3, 6, 'conv')
    const flat = net.b.node('Reshape', [x, net.b.constant('shape', tensorOf('int64', [2], [-1, 16]))])
    net.b.output(sum(net, flat, net.floats(6)))
    const result = await pruneModel(net.b.model(), { scope: { ratio: 0.5 } })
    expect(result.groups.map((g) => [g.layers, g.kept])).toEqual([[['conv'], 3]])
    expect(result.inexact).toEqual([])
    const feeds = { x: randomTensor([1, 3, 4, 4], 7) }
    const masked = await runOrt(modelBytes(result.masked!), feeds)
    expect(compareOutputs(masked, await runOrt(modelBytes(result.model), feeds))).toBeLessThan(1e-5)
  })
})
