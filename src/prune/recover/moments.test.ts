import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { analyse, GraphBuilder, type Model, tensorOf } from '../../graph/index.ts'
import { prunableOperators } from '../../ops/index.ts'
import { createSession, hostValues } from '../../runtime/index.ts'
import { type Criterion, pruneModel, replaceMeans } from '../index.ts'
import { channelMoments } from './moments.ts'

const random = seededRandom(3)
const normal = (...shape: number[]) =>
  tensorOf('float32', shape, Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, random.normal))
const vector = (...values: number[]) => tensorOf('float32', [values.length], Float32Array.from(values))

/** Convolution and normalisation, of which N(beta, gamma²) comes, whatever mean and variance are kept. */
function normalised(b: GraphBuilder, x: string, name: string, beta: number[], gamma: number[]): string {
  const [mean, variance] = [beta.map((_, c) => c - 1), gamma.map((_, c) => 0.25 * (c + 1))]
  const conv = b.node('Conv', [x, b.constant(`${name}.w`, normal(3, 3, 1, 1))])
  const parts = { gamma, beta, mean, variance: variance.map((v) => v - 1e-5) }
  const inputs = Object.entries(parts).map(([part, values]) => b.constant(`${name}.${part}`, vector(...values)))
  return b.node('BatchNormalization', [conv, ...inputs], { epsilon: 1e-5 })
}

type Behind = (b: GraphBuilder, value: string, other: () => string) => string
const scalar = (b: GraphBuilder, name: string, value: number) => b.constant(name, tensorOf('float32', [], [value]))

/*
 * import numpy as np
 * rng = np.random.default_rng(0)
 * beta, gamma = np.array([0.3, -1.0, 2.0]), np.array([1.5, 0.5, -0.8])
 * a = beta + gamma * rng.standard_normal((20_000_000, 3))
 * b = np.array([0.1, 0.4, -0.6]) + np.array([0.7, 1.1, 0.2]) * rng.standard_normal((20_000_000, 3))
 * relu = lambda x: np.maximum(x, 0)
 * for name, y in [('none', a), ('relu', relu(a)), ('relu6', np.clip(a, 0, 6)), ('clip', np.clip(a, -0.5, 1)), ('swish', a / (1 + np.exp(-a))),
 *                 ('leaky', np.where(a < 0, 0.1 * a, a)), ('residual', relu(relu(a) + b))]:
 *     print(name, y.mean(0), y.var(0))
 */
const cases: [name: string, mean: number[], variance: number[], behind: Behind][] = [
  ['none', [0.3002, -0.9999, 1.9999], [2.2492, 0.25, 0.64], (_, v) => v],
  ['relu', [0.7603, 0.0043, 2.0015], [0.9533, 0.0014, 0.6328], (b, v) => b.node('Relu', [v])],
  [
    'relu6',
    [0.7603, 0.0043, 2.0015],
    [0.953, 0.0014, 0.6328],
    (b, v) => b.node('Clip', [v, scalar(b, 'lo', 0), scalar(b, 'hi', 6)]),
  ],
  [
    'clip',
    [0.2692, -0.4583, 0.9597],
    [0.4162, 0.0171, 0.0249],
    (b, v) => b.node('Clip', [v, scalar(b, 'lo', -0.5), scalar(b, 'hi', 1)]),
  ],
  ['swish', [0.5598, -0.2314, 1.7859], [0.9484, 0.0058, 0.6935], (b, v) => b.node('Mul', [v, b.node('Sigmoid', [v])])],
  [
    'PRelu',
    [0.7143, -0.0962, 2.0014],
    [1.0292, 0.0047, 0.6335],
    (b, v) => b.node('PRelu', [v, b.constant('slope', tensorOf('float32', [3, 1, 1], [0.1, 0.1, 0.1]))]),
  ],
  [
    'residual',
    [0.9834, 0.6705, 1.4151],
    [1.117, 0.6009, 0.628],
    (b, v, other) => b.node('Relu', [b.node('Add', [b.node('Relu', [v]), other()])]),
  ],
]

/** What is known of a value behind the first normalisation. */
async function momentsOf(behind: Behind) {
  const b = new GraphBuilder('moments', 17)
  const x = b.input('x', 'float32', [1, 3, 4, 4])
  const value = behind(b, normalised(b, x, 'a', [0.3, -1, 2], [1.5, 0.5, -0.8]), () =>
    normalised(b, x, 'b', [0.1, 0.4, -0.6], [0.7, 1.1, 0.2]),
  )
  b.output(value)
  return (await channelMoments(analyse(b.model(), prunableOperators), new Set([value]), async () => {})).get(value)
}

describe('moments by what normalisations keep', () => {
  it.each(cases)('behind %s are those that NumPy draws', async (name, mean, variance, behind) => {
    // Points of two distributions are paired by chance.
    const close = name === 'residual' ? 0.025 : 0.004
    const found = (await momentsOf(behind))!
    mean.forEach((m, c) => {
      expect(Math.abs(found.mean[c]! - m)).toBeLessThan(close / 2)
      expect(Math.abs(found.variance[c]! - variance[c]!)).toBeLessThan(close)
    })
  })
})

/** x → Conv, normalisation → what comes between → a layer that reads it. Channels 2 and 3 are constants: their factor is 0. */
function constants(between: (b: GraphBuilder, v: string) => string, layer: 'conv' | 'linear', hasNorm = true): Model {
  const b = new GraphBuilder('constants', 17)
  const x = b.input('x', 'float32', [2, 3, 4, 4])
  const conv = b.node('Conv', [x, b.constant('a.w', normal(4, 3, 1, 1))], {}, { name: 'a' })
  const norm = ['gamma', 'beta', 'mean', 'variance'].map((name, i) =>
    b.constant(name, [vector(1, 0.5, 0, 0), vector(0.5, -1, 1.5, -2), normal(4), vector(1, 1, 2, 3)][i]!),
  )
  const value = between(b, hasNorm ? b.node('BatchNormalization', [conv, ...norm]) : conv)
  if (layer === 'conv') b.output(b.node('Conv', [value, b.constant('b.w', normal(5, 4, 2, 2))], {}, { name: 'b' }))
  else
    b.output(b.node('Gemm', [value, b.constant('b.w', normal(64, 5)), b.constant('b.b', normal(5))], {}, { name: 'b' }))
  return b.model()
}

const firstStay: Criterion = {
  ...{ name: 'order', formula: '-c', source: '', needs: 'weights' },
  score: ({ groups }) => new Map(groups.map((g) => [g, Array.from({ length: g.channels }, (_, i) => -i)])),
}
const cut = (model: Model) => pruneModel(model, { criterion: firstStay, scope: { ratio: 0.5 } })

async function outputOf(model: Model): Promise<readonly number[]> {
  await using session = await createSession(model)
  const draws = seededRandom(8)
  const data = Float32Array.from({ length: 96 }, draws.normal)
  const outputs = await session.run({ x: { elementType: 'float32', shape: [2, 3, 4, 4], data } })
  return [...hostValues(outputs[session.outputNames[0]!]!)].map(Number)
}
const largest = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((v, i) => Math.abs(v - b[i]!)))

describe('replaceMeans', () => {
  it.each([
    ['Relu', 'conv', (b, v) => b.node('Relu', [v])],
    ['nothing', 'conv', (_, v) => v],
    ['HardSwish, Concat with itself', 'conv', (b, v) => b.node('Add', [b.node('HardSwish', [v]), v])],
    ['a maximum over places', 'conv', (b, v) => b.node('MaxPool', [v], { kernel_shape: [2, 2] })],
    ['Flatten', 'linear', (b, v) => b.node('Relu', [b.node('Flatten', [v])])],
  ] as const satisfies readonly (readonly [string, 'conv' | 'linear', (b: GraphBuilder, v: string) => string])[])(
    'gives constants behind %s exactly to the layer that reads them',
    async (_, layer, between) => {
      const model = constants(between, layer)
      const result = await cut(model)
      const wanted = await outputOf(model)
      const { model: made, layers, unknown } = await replaceMeans(result)
      expect(largest(await outputOf(result.model), wanted)).toBeGreaterThan(0.1)
      expect(largest(await outputOf(made), wanted)).toBeLessThan(1e-4)
      expect([layers.map((l) => l.layer), unknown]).toEqual([['b'], []])
      expect(layers[0]!.before).toBeGreaterThan(0.1)
      expect(layers[0]!.after).toBeLessThan(1e-6)
      expect(made.graph.nodes.map((n) => n.opType)).toEqual(result.model.graph.nodes.map((n) => n.opType))
    },
  )

  it('says that nothing is known without a normalisation, or behind what mixes channels', async () => {
    for (const model of [
      constants((b, v) => b.node('Relu', [v]), 'conv', false),
      constants(
        (b, v) => b.node('InstanceNormalization', [v, b.constant('s', normal(4)), b.constant('t', normal(4))]),
        'conv',
      ),
    ])
      await expect(replaceMeans(await cut(model))).rejects.toMatchObject({
        code: 'no-images',
        message: expect.stringMatching(
          /no normalisation in front of "b" tells what its inputs are on average\. Give some images/,
        ),
      })
  })
})
