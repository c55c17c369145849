import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { openData } from '../../data/index.node.ts'
import { editGraph, GraphBuilder, type Model, tensorOf, tensorValues } from '../../graph/index.ts'
import { readModelFile } from '../../onnx/index.node.ts'
import { createSession, hostValues } from '../../runtime/index.ts'
import { randomNetwork, stepNames } from '../../testing/random-network.ts'
import { imagesFor, spread } from '../../workflow/index.ts'
import { type Criterion, type PruneOptions, pruneModel, type Recovered, recover, type ScoringImages } from '../index.ts'

const normals = (seed: number, count: number): Float32Array => {
  const random = seededRandom(seed)
  return Float32Array.from({ length: count }, () => random.normal())
}
const normal = (seed: number, ...shape: number[]) =>
  tensorOf(
    'float32',
    shape,
    normals(
      seed,
      shape.reduce((p, d) => p * d, 1),
    ),
  )

/** Images of noise, again and again the same. */
function noise(shape: readonly number[], count: number, batchSize = 4): ScoringImages {
  const size = shape.reduce((p, d) => p * d, 1)
  const all = normals(99, count * size)
  return {
    ...{ shape, batchSize },
    batches: {
      async *[Symbol.asyncIterator]() {
        for (let i = 0; i < count; i += batchSize) {
          const images = new Float32Array(batchSize * size)
          images.set(all.subarray(i * size, (i + batchSize) * size))
          yield { images, count: Math.min(batchSize, count - i) }
        }
      },
    },
  }
}

/** Keeps the channels with the smallest numbers. */
const firstStay: Criterion = {
  ...{ name: 'order', formula: '-c', source: '', needs: 'weights' },
  score: ({ groups }) => new Map(groups.map((g) => [g, Array.from({ length: g.channels }, (_, i) => -i)])),
}
const half: PruneOptions = { criterion: firstStay, scope: { ratio: 0.5 } }

async function outputOf(model: Model, image: Float32Array, shape: readonly number[]): Promise<Float64Array> {
  await using session = await createSession(model)
  const [name = ''] = session.inputNames
  const outputs = await session.run({ [name]: { elementType: 'float32', shape, data: image } })
  return hostValues(outputs[session.outputNames[0]!]!) as Float64Array
}

const largest = (a: ArrayLike<number>, b: ArrayLike<number>, isCompared = (_: number) => true): number =>
  Array.from(a).reduce((most, v, i) => (isCompared(i) ? Math.max(most, Math.abs(v - b[i]!)) : most), 0)

/** x [N, 3, 6, 6] → a, 4 filters → what comes between → b. */
function chain(
  a: readonly [weights: Float32Array, bias: Float32Array],
  between: (b: GraphBuilder, value: string) => string = (_, value) => value,
  pads = 1,
): Model {
  const b = new GraphBuilder('chain')
  const x = b.input('x', 'float32', ['N', 3, 6, 6])
  const first = b.node('Conv', [
    x,
    b.constant('a.weight', tensorOf('float32', [4, 3, 3, 3], a[0])),
    b.constant('a.bias', tensorOf('float32', [4], a[1])),
  ])
  const second = b.node('Conv', [between(b, first), b.constant('b.weight', normal(2, 5, 4, 3, 3))], {
    pads: [pads, pads, pads, pads],
  })
  b.output(b.node('GlobalAveragePool', [second]))
  b.output(second)
  return b.model()
}

/** Filters 2 and 3 are combinations of 0 and 1. */
function combined(): [Float32Array, Float32Array] {
  const [weights, bias] = [normals(1, 4 * 27), Float32Array.from([0.5, -1, 0, 0])]
  for (const [to, p, q] of [
    [2, 0.5, -1.5],
    [3, 2, 0.75],
  ] as const) {
    for (let i = 0; i < 27; i++) weights[to * 27 + i] = p * weights[i]! + q * weights[27 + i]!
    bias[to] = p * bias[0]! + q * bias[1]!
  }
  return [weights, bias]
}

describe('recover', () => {
  it.each(['least-squares', 'merging'] as const)(
    'by %s gets back what is a linear combination of what stays',
    async (step) => {
      const model = chain(combined(), undefined, 0)
      const result = await pruneModel(model, half)
      const { steps, model: made } = await recover(result, { images: noise([3, 6, 6], 16), steps: [step] })
      const image = normals(5, 108)
      const wanted = await outputOf(model, image, [1, 3, 6, 6])
      expect(largest(await outputOf(result.model, image, [1, 3, 6, 6]), wanted)).toBeGreaterThan(0.1)
      expect(largest(await outputOf(made, image, [1, 3, 6, 6]), wanted)).toBeLessThan(1e-4)
      expect(steps).toMatchObject([{ name: step, kept: true, layers: [{ layer: 'Conv_0' }, { layer: 'Conv_1' }] }])
      const [{ outputError, layers }] = steps as [Recovered['steps'][0]]
      expect(outputError.before).toBeGreaterThan(0.1)
      expect(outputError.after).toBeLessThan(1e-4)
      expect(layers[1]!.after).toBeLessThan(1e-4)
      // What comes in is as it was.
      expect(layers[0]!).toMatchObject({ after: layers[0]!.before })
    },
  )

  it.each([
    ['without padding', 0, () => true],
    // Output [1, 5, 4, 4]: what lies away from the border.
    ['away from zero padding', 1, (i: number) => i % 16 > 3 && i % 16 < 12 && i % 4 > 0 && i % 4 < 3],
  ] as const)('by mean replacement gets back channels that were constant, %s', async (_, pads, isInside) => {
    const weights = normals(1, 4 * 27).fill(0, 2 * 27)
    const model = chain([weights, Float32Array.from([0, 0, 1.5, 0.25])], (b, v) => b.node('Relu', [v]), pads)
    const whole = { ...model, graph: { ...model.graph, outputs: model.graph.outputs.slice(1) } }
    const result = await pruneModel(whole, half)
    const images = noise([3, 6, 6], 12)
    const { model: made } = await recover(result, { images, steps: ['mean-replacement'] })
    const image = normals(5, 108)
    const wanted = await outputOf(whole, image, [1, 3, 6, 6])
    const inside = (_: number, i = _) => isInside(i)
    expect(largest(await outputOf(result.model, image, [1, 3, 6, 6]), wanted, inside)).toBeGreaterThan(0.1)
    expect(largest(await outputOf(made, image, [1, 3, 6, 6]), wanted, inside)).toBeLessThan(1e-5)
  })

  it('measures statistics of normalisations over all images, each behind those in front', async () => {
    const b = new GraphBuilder('normalised')
    let value = b.input('x', 'float32', ['N', 3, 6, 6])
    for (const i of [1, 2]) {
      value = b.node('Conv', [value, b.constant(`w${i}`, normal(i, 4, i === 1 ? 3 : 4, 3, 3))], {
        pads: [1, 1, 1, 1],
      })
      b.output(value)
      const vectors = [1, 0, 0.3, 1].map((v, k) => b.constant(`bn${i}.${k}`, tensorOf('float32', [4], [v, v, v, v])))
      value = b.node('BatchNormalization', [value, ...vectors])
    }
    b.output(b.node('Conv', [b.node('Relu', [value]), b.constant('w3', normal(3, 2, 4, 1, 1))]))
    const whole = b.model()
    const last = { ...whole, graph: { ...whole.graph, outputs: whole.graph.outputs.slice(2) } }
    const pruned = await pruneModel(last, half)
    // Statistics that are far off: a step that brings the outputs no nearer would be taken back.
    const off = editGraph(pruned.model)
    for (const [name, value] of [
      ['2', 4],
      ['3', 30],
    ] as const)
      for (const i of [1, 2]) off.set(`bn${i}.${name}`, tensorOf('float32', [2], [value, value]))
    const result = { ...pruned, model: off.model() }
    const images = noise([3, 6, 6], 10)
    const { model, steps } = await recover(result, { images, steps: ['statistics'] })
    expect(steps[0]).toMatchObject({ name: 'statistics', layers: [] })
    const measured = steps[0]!.kept ? model : undefined
    expect(measured).toBeDefined()
    for (const i of [1, 2]) {
      const watched = {
        ...measured!,
        graph: { ...measured!.graph, outputs: [{ name: `Conv_${2 * (i - 1)}_output`, type: undefined }] },
      }
      const values: number[][] = [[], []]
      for await (const { images: some, count } of images.batches)
        for (let k = 0; k < count; k++) {
          const out = await outputOf(watched, some.slice(k * 108, (k + 1) * 108), [1, 3, 6, 6])
          for (const c of [0, 1]) values[c]!.push(...out.subarray((c * out.length) / 2, ((c + 1) * out.length) / 2))
        }
      const { initializers } = measured!.graph
      const [means, variances] = [2, 3].map((k) => tensorValues(initializers.get(`bn${i}.${k}`)!))
      values.forEach((all, c) => {
        const mean = all.reduce((s, v) => s + v, 0) / all.length
        expect(means![c]).toBeCloseTo(mean, 4)
        expect(variances![c]! / (all.reduce((s, v) => s + (v - mean) ** 2, 0) / all.length)).toBeCloseTo(1, 4)
      })
    }
  })

  it('brings networks of all kinds nearer, and nothing further off', async () => {
    let nearer = 0
    for (const [i, kind] of stepNames.entries()) {
      const path = ['conv', 'activation', kind, 'conv', kind, 'activation', 'conv']
      const result = await pruneModel(randomNetwork(i + 1, path), {
        criterion: 'random',
        methods: ['filter', 'neuron'],
        scope: { ratio: 0.4 },
      })
      const { model, steps } = await recover(result, { images: noise([3, 6, 6], 24, 1) })
      for (const { outputError, kept, layers } of steps) {
        expect(outputError.after).toBeLessThanOrEqual(outputError.before)
        expect(kept).toBe(outputError.after < outputError.before)
        for (const { before, after } of layers) expect(after).toBeLessThanOrEqual(before)
      }
      if (steps.at(-1)!.outputError.after < 0.9 * steps[0]!.outputError.before) nearer++
      expect((await outputOf(model, normals(7, 108), [1, 3, 6, 6])).every(Number.isFinite), kind).toBe(true)
      expect(model.graph.nodes.map((n) => n.opType)).toEqual(result.model.graph.nodes.map((n) => n.opType))
    }
    expect(nearer).toBeGreaterThanOrEqual(0.75 * stepNames.length)
  })

  it('takes a constant that is added behind a layer', async () => {
    const three = tensorOf('float32', [], [3])
    const model = chain(combined(), (b, value) => b.node('Relu', [b.node('Add', [value, b.constant('three', three)])]))
    const { steps } = await recover(await pruneModel(model, half), { images: noise([3, 6, 6], 16) })
    expect(steps.at(-1)!.outputError.after).toBeLessThan(0.7 * steps[0]!.outputError.before)
  })

  it('looks behind the ReLU, whatever the sign of the scale in front of it', async () => {
    const errors: number[] = []
    for (const sign of [1, -1]) {
      const normalised = (b: GraphBuilder, value: string) => {
        const vectors = [sign, 0.1, 0, 1].map((v, k) => b.constant(`bn.${k}`, tensorOf('float32', [4], [v, v, v, v])))
        const scaled = b.node('BatchNormalization', [value, ...vectors])
        return b.node('Relu', [
          b.node('Conv', [b.node('Relu', [scaled]), b.constant('c.weight', normal(8, 4, 4, 3, 3))]),
        ])
      }
      const weights = normals(1, 4 * 27).map((w) => sign * w)
      const model = chain([weights, new Float32Array(4)], normalised)
      const { steps } = await recover(await pruneModel(model, half), {
        images: noise([3, 6, 6], 48),
        steps: ['least-squares'],
      })
      const { layers, outputError } = steps[0]!
      errors.push(outputError.after, ...layers.flatMap((l) => [l.before, l.after]))
      expect(outputError.after).toBeLessThan(outputError.before)
    }
    errors.slice(0, errors.length / 2).forEach((error, i) => {
      expect(errors[errors.length / 2 + i]).toBeCloseTo(error, 4)
    })
  })

  it('takes dead channels and equal ones', async () => {
    const weights = normals(1, 4 * 27)
    weights.copyWithin(27, 0, 27)
    const model = chain([weights.fill(0, 54, 81), Float32Array.from([0.5, 0.5, 0, 0.1])], (b, v) => b.node('Relu', [v]))
    const { model: made, steps } = await recover(await pruneModel(model, { ...half, scope: { ratio: 0.25 } }), {
      images: noise([3, 6, 6], 12),
      steps: ['merging', 'mean-replacement', 'least-squares', 'statistics'],
    })
    const stored = tensorValues(made.graph.initializers.get('b.weight')!)
    expect(stored.every((v) => Math.abs(v) < 10)).toBe(true)
    expect(steps.at(-1)!.outputError.after).toBeLessThan(steps[0]!.outputError.before)
  })
})

describe('the network of examples/digits, cut by half', () => {
  const folder = fileURLToPath(new URL('../../../examples/digits/', import.meta.url))
  const whole = readModelFile(`${folder}lenet5.onnx`)

  it('agrees with the whole one on most images again', async () => {
    const { train, test } = await openData({ kind: 'mnist', path: folder })
    const result = await pruneModel(whole, { scope: { ratio: 0.5 } })
    const { model } = await recover(result, { images: imagesFor(whole, spread(train, 200), []) })
    const classes = async (network: Model) => {
      await using session = await createSession(network)
      const found: number[] = []
      for await (const { images, count } of imagesFor(network, spread(test, 300), [], 100).batches) {
        const run = await session.run({
          [session.inputNames[0]!]: { elementType: 'float32', shape: [100, 1, 28, 28], data: images },
        })
        const scores = hostValues(run[session.outputNames[0]!]!)
        for (let i = 0; i < count; i++) {
          const own = Array.from({ length: 10 }, (_, c) => scores[i * 10 + c]!)
          found.push(own.indexOf(Math.max(...own)))
        }
      }
      return found
    }
    const wanted = await classes(whole)
    const agreement = async (network: Model) => (await classes(network)).filter((c, i) => c === wanted[i]).length / 300
    const [cut, recovered] = [await agreement(result.model), await agreement(model)]
    expect(cut).toBeLessThan(0.5)
    expect(recovered).toBeGreaterThan(0.9)
  })
})
