import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { GraphBuilder, type Model, tensorOf, tensorValues } from '../../graph/index.ts'
import { createSession, hostValues } from '../../runtime/index.ts'
import { type Criterion, pruneModel, type RecoveryStep, recover, type ScoringImages } from '../index.ts'

const size = 6 * 16
function noise(count: number, seed = 4): ScoringImages {
  const random = seededRandom(seed)
  const all = Float32Array.from({ length: count * size }, () => random.normal())
  return {
    ...{ shape: [6, 4, 4], batchSize: 16 },
    batches: {
      async *[Symbol.asyncIterator]() {
        for (let i = 0; i < count; i += 16) yield { images: all.slice(i * size, (i + 16) * size), count: 16 }
      },
    },
  }
}

const firstStay: Criterion = {
  ...{ name: 'order', formula: '-c', source: '', needs: 'weights' },
  score: ({ groups }) => new Map(groups.map((g) => [g, Array.from({ length: g.channels }, (_, i) => -i)])),
}

const first = Float32Array.from({ length: 24 }, (_, at) => {
  const [i, j] = [Math.floor(at / 6), at % 6]
  return (((7 * i * i + 5 * j + 3 * i * j) % 11) - 5) / 4
})
const second = Float32Array.from({ length: 20 }, (_, at) => {
  const [i, j] = [Math.floor(at / 4), at % 4]
  return (((3 * i * i + 7 * j + 2 * i * j * j) % 13) - 6) / 5
})

/** x [N, 6, 4, 4] → 4 channels → what comes between → 5 channels, as 1×1 convolutions. */
function network(between: (b: GraphBuilder, value: string) => string, taps = 1): Model {
  const b = new GraphBuilder('pair')
  const weights = (name: string, shape: number[], values: Float32Array) =>
    b.constant(name, tensorOf('float32', [...shape, taps, taps], taps === 1 ? values : spreadOver(values, taps)))
  const pads = { pads: taps === 1 ? [0, 0, 0, 0] : [1, 1, 1, 1] }
  const x = b.input('x', 'float32', ['N', 6, 4, 4])
  const a = between(b, b.node('Conv', [x, weights('a', [4, 6], first)], pads))
  b.output(
    b.node('Relu', [
      b.node(
        'Conv',
        [a, weights('b', [5, 4], second), b.constant('bias', tensorOf('float32', [5], [2, 2, 2, 2, 2]))],
        pads,
      ),
    ]),
  )
  return b.model()
}

const spreadOver = (values: Float32Array, taps: number): Float32Array =>
  Float32Array.from({ length: values.length * taps ** 2 }, (_, i) => values[Math.floor(i / taps ** 2)]! * Math.cos(i))

async function errorOf(model: Model, steps: RecoveryStep[]) {
  const result = await pruneModel(model, { criterion: firstStay, scope: { ratio: 0.5 } })
  const recovered = await recover(result, { images: noise(64), steps })
  return { ...recovered, cut: result.model, error: recovered.steps.at(-1)!.outputError.after }
}

describe('two layers solved together', () => {
  /*
   * import numpy as np
   * W1 = np.array([[((7*i*i + 5*j + 3*i*j) % 11 - 5) / 4 for j in range(6)] for i in range(4)])
   * W2 = np.array([[((3*i*i + 7*j + 2*i*j*j) % 13 - 6) / 5 for j in range(4)] for i in range(5)])
   * s = np.linalg.svd(W2 @ W1)[1]
   * print(np.sqrt((s[2:]**2).sum() / (s**2).sum()))
   */
  it('without an activation are the best of rank 2 (Eckart and Young)', async () => {
    const linear = network((_, value) => value)
    const { graph } = linear
    const last = graph.nodes.at(-1)!
    const model = {
      ...linear,
      graph: { ...graph, nodes: graph.nodes.slice(0, -1), outputs: [{ ...graph.outputs[0]!, name: last.inputs[0]! }] },
    }
    const { steps, cut, model: made } = await errorOf(model, ['least-squares', 'pairs'])
    const { layers } = steps.at(-1)!
    // Samples are not quite white, and the bias is part of what comes out.
    const spread = Math.sqrt(steps[0]!.layers[1]!.after ** 2 / layers[1]!.after ** 2)
    expect(spread).toBeGreaterThan(1.05)
    const run = async (network: Model) => {
      await using session = await createSession(network)
      const random = seededRandom(9)
      const data = Float32Array.from({ length: 64 * size }, () => random.normal())
      const feeds = { x: { elementType: 'float32', shape: [64, 6, 4, 4], data } } as const
      return hostValues((await session.run(feeds))[session.outputNames[0]!]!) as Float64Array
    }
    const [wanted, given] = [await run(model), await run(made)]
    const off = wanted.reduce((sum, v, i) => sum + (v - given[i]!) ** 2, 0)
    const whole = wanted.reduce((sum, v) => sum + (v - 2) ** 2, 0)
    const best = 0.37695368657700873
    expect(Math.sqrt(off / whole)).toBeGreaterThan(0.93 * best)
    expect(Math.sqrt(off / whole)).toBeLessThan(1.07 * best)
    expect(tensorValues(made.graph.initializers.get('a')!)).not.toEqual(tensorValues(cut.graph.initializers.get('a')!))
  })

  it.each([
    ['a ReLU', (b: GraphBuilder, value: string) => b.node('Relu', [value])],
    [
      'a normalisation and a ReLU',
      (b: GraphBuilder, value: string) => {
        const vectors = [-1.5, 0.3, 0.2, 2].map((v, k) => b.constant(`bn.${k}`, tensorOf('float32', [4], [v, v, v, v])))
        return b.node('Relu', [b.node('BatchNormalization', [value, ...vectors])])
      },
    ],
  ] as const)('with %s in between err less than one by one', async (_, between) => {
    const model = network(between, 3)
    const { error: alone } = await errorOf(model, ['least-squares'])
    const { error, steps, cut, model: made } = await errorOf(model, ['pairs'])
    expect(steps[0]).toMatchObject({ name: 'pairs', kept: true })
    expect(error).toBeLessThan(0.97 * alone)
    expect(made.graph.nodes.map((n) => n.opType)).toEqual(cut.graph.nodes.map((n) => n.opType))
    expect((await errorOf(model, ['least-squares', 'pairs'])).error).toBeLessThan(0.97 * alone)
  })
})
