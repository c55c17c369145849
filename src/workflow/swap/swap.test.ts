import { expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { imagesFromArrays } from '../../data/index.ts'
import { GraphBuilder, type Model, tensorOf, tensorValues } from '../../graph/index.ts'
import { abortedAfter } from '../../testing/aborting.ts'
import { parseRecipe } from '../../train/index.ts'
import { type SwapOptions, swapAndMeasure } from '../index.ts'

/** A convolution without a name, of weight 0: as an adder layer it gives −|x|, or of two inputs −|x + z|. */
function network(inputs: readonly string[] = ['x']): Model {
  const b = new GraphBuilder('zero')
  const [first, second] = inputs.map((name) => b.input(name, 'float32', ['N', 1, 1, 1])) as [string, string?]
  const x = second === undefined ? first : b.node('Add', [first, second])
  const weight = b.constant('w', tensorOf('float32', [1, 1, 1, 1], [0]))
  b.output(b.node('Conv', [x, weight], {}, { name: '', outputs: ['y'] }))
  return b.model()
}

const adder = (more: Partial<SwapOptions<{ keepWeights: boolean }>> = {}) =>
  ({
    ...{ rewrite: 'adder', layers: { text: '*', matches: () => true }, settings: { keepWeights: true } },
    ...{ inputs: undefined, ...more },
  }) satisfies SwapOptions<{ keepWeights: boolean }>

/** Mean and variance that are stored behind the layer, and those of numbers. */
const stored = ({ graph }: Model) =>
  ['y.bn_mean', 'y.bn_variance'].map((name) => tensorValues(graph.initializers.get(name)!)[0]!)
function moments(values: readonly number[]): number[] {
  const mean = values.reduce((s, v) => s + v, 0) / values.length
  return [mean, values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length]
}
const close = (found: readonly number[], expected: readonly number[]) =>
  found.forEach((v, i) => void expect(v).toBeCloseTo(expected[i]!, 6))

/** Pixels of 0 to 1 behind the convolution, and a count of how often they were asked for. */
function pixels(...values: readonly number[]) {
  const images = Uint8Array.from(values)
  const train = imagesFromArrays({ images, labels: values.map(() => 0), channels: 1, height: 1, width: 1 })
  let opened = 0
  const open = async () => {
    opened++
    return { train }
  }
  return { data: { data: { kind: 'mnist', path: 'digits' } as const, transforms: [], open }, opened: () => opened }
}

it('exchanges layers, measures them on images of the whole set, and says what they cost and how they are trained', async () => {
  const { data, opened } = pixels(0, 10, 51, 20, 102, 30, 255, 40)
  const files = { given: 'runs/a.onnx', swapped: 'adder.onnx', epochs: 3 }
  const inputs = new Map([['x', [2, 1, 1, 1]]])
  const result = await swapAndMeasure(network(), adder({ data, images: 4, files, inputs }))
  close(stored(result.model), moments([0, -0.2, -0.4, -1]))
  expect(opened()).toBe(1)
  expect(result.swapped).toMatchObject([{ node: 'y', facts: { batchNormalization: 'inserted' } }])
  expect(result.statistics).toBe('data')
  expect(result.comparison.totals.macs).toMatchObject({ a: 2, b: 0 })
  expect(parseRecipe(result.recipe)).toMatchObject({
    ...{ model: { onnx: 'adder.onnx' }, data: data.data, output: 'adder-run', epochs: 3 },
    ...{ learningRate: 0.1, distillation: { teacher: 'runs/a.onnx' } },
  })
})

it('without images measures on noise, of all inputs from one source', async () => {
  const random = seededRandom(7)
  const drawn = Array.from({ length: 32 }, () => Math.fround(random.normal()))
  const one = await swapAndMeasure(network(), adder({ seed: 7 }))
  close(stored(one.model), moments(drawn.slice(0, 16).map((v) => -Math.abs(v))))
  expect([one.statistics, one.recipe]).toEqual(['noise', undefined])
  const two = await swapAndMeasure(network(['x', 'z']), adder({ seed: 7 }))
  close(stored(two.model), moments(drawn.slice(0, 16).map((v, i) => -Math.abs(v + drawn[16 + i]!))))
  const three = await swapAndMeasure(network(), adder({ seed: 7, inputs: new Map([['', [3, 1, 1, 1]]]) }))
  close(stored(three.model), moments(drawn.slice(0, 3).map((v) => -Math.abs(v))))
})

it('opens and runs nothing where that is not wanted, or there is nothing to swap', async () => {
  const { data, opened } = pixels(1, 2)
  const never = () => Promise.reject(new Error('run'))
  const runtime = { createSession: never, createProgram: never }
  const { model, statistics } = await swapAndMeasure(network(), adder({ data, runtime, measure: false }))
  expect([stored(model), statistics]).toEqual([[0, 1], 'data'])
  const kept = swapAndMeasure(network(), adder({ data, runtime, layers: undefined }))
  await expect(kept).rejects.toMatchObject({ code: 'nothing-to-swap' })
  expect(opened()).toBe(0)
  await expect(swapAndMeasure(network(), adder({ runtime }))).rejects.toThrow('run')
})

it('is stopped while layers are exchanged, and while it measures', async () => {
  for (const times of [1, 2]) {
    const told = await abortedAfter(times, (task) => swapAndMeasure(network(), adder(task)))
    expect(told.map((p) => p.what).slice(0, 1)).toEqual(['rewriting'])
  }
  const signal = AbortSignal.abort('enough')
  await expect(swapAndMeasure(network(), adder({ signal }))).rejects.toMatchObject({
    ...{ code: 'aborted', message: 'Swapping layers was stopped.', details: { reason: 'enough' } },
  })
})
