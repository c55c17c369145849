import { describe, expect, it } from 'vitest'
import { namePattern, seededRandom } from '../../base/index.ts'
import { GraphBuilder, type Model, tensorOf, tensorValues } from '../../graph/index.ts'
import { modelBytes } from '../../onnx/index.ts'
import { operators } from '../../ops/index.ts'
import { createSession, hostTensor } from '../../runtime/index.ts'
import { describeOrt, runOrt } from '../../testing/ort.ts'
import { equalised } from './equalise.ts'
import { foldNormalisation } from './fold-normalisation.ts'
import { type IntegerOptions, quantizeIntegers } from './quantize-integers.ts'
import { weightCodes } from './weight-codes.ts'

const imageShape = [3, 12, 12]
const imageSize = 3 * 12 * 12

/** Smooth random pictures, all of one batch. */
function picture(count: number, seed: number): Float32Array {
  const random = seededRandom(seed)
  const images = new Float32Array(count * imageSize)
  for (let i = 0; i < count; i++) {
    const [a, b, phase] = [random.normal(), random.normal(), 6 * random.uniform()]
    for (let p = 0; p < imageSize; p++)
      images[i * imageSize + p] =
        Math.sin(a * (p % 12) * 0.4 + b * Math.floor(p / 12) * 0.2 + phase) + 0.2 * random.normal()
  }
  return images
}

async function* pictures() {
  for (const seed of [1, 2, 3]) yield { images: picture(8, seed), count: 8 }
}

const options = (more: Partial<IntegerOptions> = {}): IntegerOptions => ({
  images: { shape: imageShape, batchSize: 8, batches: pictures() },
  threads: 1,
  ...more,
})

/** A small network with all that is coded: layers of each kind, a residual, channels joined, pools. */
function network(opset = 17): Model {
  const random = seededRandom(5)
  const b = new GraphBuilder('small', opset)
  const floats = (name: string, shape: readonly number[], value = () => 0.4 * random.normal()) =>
    b.constant(name, tensorOf('float32', shape, Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, value)))
  const layer = (name: string, x: string, shape: readonly number[], attributes = {}, relu = true) => {
    const bias = floats(`${name}.bias`, [shape[0]!], () => 0.1 * random.normal())
    const y = b.node('Conv', [x, floats(`${name}.weight`, shape), bias], attributes, { name })
    return relu ? b.node('Relu', [y], {}, { name: `${name}.relu` }) : y
  }
  const same = { pads: [1, 1, 1, 1] }
  const x = b.input('input', 'float32', ['N', ...imageShape])
  const stem = b.node('Conv', [x, floats('stem.weight', [8, 3, 3, 3])], same, { name: 'stem' })
  const statistics = [() => 1 + 0.3 * random.normal(), random.normal, random.normal, () => 0.5 + random.uniform()].map(
    (draw, i) => floats(`bn.${i}`, [8], draw),
  )
  const normal = b.node('BatchNormalization', [stem, ...statistics], {}, { name: 'bn' })
  const first = b.node('Relu', [normal], {}, { name: 'stem.relu' })
  const depthwise = layer('depthwise', first, [8, 1, 3, 3], { ...same, group: 8 })
  const pointwise = layer('pointwise', depthwise, [8, 8, 1, 1], {}, false)
  const sum = b.node('Relu', [b.node('Add', [first, pointwise], {}, { name: 'add' })], {}, { name: 'add.relu' })
  const side = layer('side', sum, [4, 8, 1, 1])
  const joined = b.node('Concat', [sum, side], { axis: 1 }, { name: 'concat' })
  const pooled = b.node('MaxPool', [joined], { kernel_shape: [2, 2], strides: [2, 2] }, { name: 'pool' })
  const mean = b.node('GlobalAveragePool', [pooled], {}, { name: 'mean' })
  const flat = b.node('Flatten', [mean], {}, { name: 'flatten' })
  const head = [floats('fc.weight', [5, 12]), floats('fc.bias', [5])]
  b.output(b.node('Gemm', [flat, ...head], { transB: 1 }, { name: 'fc', outputs: ['scores'] }))
  return b.model()
}

async function run(model: Model, data = picture(8, 9)): Promise<Float32Array> {
  await using session = await createSession(model, { threads: 1, backend: 'reference' })
  const [y] = Object.values(await session.run({ input: hostTensor('float32', [8, ...imageShape], data) }))
  return y!.data as Float32Array
}

const largest = (values: ArrayLike<number>): number => Array.from(values).reduce((m, v) => Math.max(m, Math.abs(v)), 0)
const furthest = (a: ArrayLike<number>, b: ArrayLike<number>): number => largest(Array.from(a, (v, i) => v - b[i]!))
const opsOf = ({ graph }: Model) => graph.nodes.map((n) => n.opType)

describe('a network in whole numbers', () => {
  it('has codes around every layer, and none between a layer and its activation', async () => {
    const { model, layers, kept, images } = await quantizeIntegers(network(), options())
    expect(layers.map((l) => l.node)).toEqual(['stem', 'depthwise', 'pointwise', 'side', 'fc'])
    expect(kept).toEqual([])
    expect(images).toBe(24)
    const ops = opsOf(model)
    expect(ops).not.toContain('BatchNormalization')
    // Input, behind the stem, depthwise, pointwise, sum, side, joined, pooled, mean, flattened, scores.
    expect(ops.filter((o) => o === 'QuantizeLinear')).toHaveLength(11)
    const makers = new Map(model.graph.nodes.flatMap((n) => n.outputs.map((o) => [o, n])))
    for (const node of model.graph.nodes) {
      const makersOf = node.inputs.flatMap((name) => makers.get(name)?.opType ?? [])
      if (['Conv', 'Gemm', 'Add', 'Concat', 'MaxPool'].includes(node.opType))
        expect(new Set(makersOf), node.name).toEqual(new Set(['DequantizeLinear']))
      if (node.opType === 'Relu') expect(['Conv', 'Add']).toContain(makersOf[0])
    }
    const stored = (name: string) => model.graph.initializers.get(name)
    expect(stored('depthwise.weight_codes')).toMatchObject({ elementType: 'int8', shape: [8, 1, 3, 3] })
    expect(stored('depthwise.weight_scale')?.shape).toEqual([8])
    expect(stored('fc.weight_scale')?.shape).toEqual([5])
    expect(stored('fc.bias_codes')).toMatchObject({ elementType: 'int32', shape: [5] })
    expect(model.graph.outputs.map((o) => o.name)).toEqual(['scores'])
  })

  // What a range of least divergence cuts off is not little here.
  it.each([
    ['minmax', 0.03],
    ['mse', 0.03],
    ['percentile', 0.03],
    ['entropy', 0.1],
  ] as const)('is near the one it was, by %s', async (range, most) => {
    const given = network()
    const { model, outputDrift } = await quantizeIntegers(given, options({ range }))
    const [before, after] = [await run(given), await run(model)]
    expect(furthest(after, before)).toBeLessThan(2 * most * largest(before))
    expect(outputDrift).toBeLessThan(most)
    expect(outputDrift).toBeGreaterThan(0)
  })

  it('is further off with fewer bits, less so with means put right', async () => {
    const drift = async (more: Partial<IntegerOptions>) =>
      (await quantizeIntegers(network(), options(more))).outputDrift
    const [eight, four] = [await drift({}), await drift({ bits: 4 })]
    expect(four).toBeGreaterThan(4 * eight)
    expect(await drift({ bits: 4, biasCorrection: true })).toBeLessThan(four)
  })

  it('keeps layers in floating point, by name and by what they change alone', async () => {
    const named = await quantizeIntegers(network(), options({ keep: [namePattern('depth*')] }))
    expect(named.kept).toEqual([{ node: 'depthwise', why: 'it was asked to stay' }])
    expect(named.model.graph.initializers.get('depthwise.weight')?.elementType).toBe('float32')
    const worst = await quantizeIntegers(network(), options({ bits: 4, keepWorst: 2 }))
    const order = [...worst.sensitivity!].sort(([, a], [, b]) => b - a).map(([name]) => name)
    expect(new Set(worst.kept.map(({ node }) => node))).toEqual(new Set(order.slice(0, 2)))
    expect(worst.layers).toHaveLength(3)
    expect(await run(worst.model)).toHaveLength(40)
  })

  it('is refused where nothing can be quantised, with the reason', async () => {
    await expect(quantizeIntegers(network(12), options())).rejects.toThrow(
      'Weights with a scale per channel take opset 13 or higher; the model has 12.',
    )
    await expect(quantizeIntegers(network(), options({ keep: [namePattern('*')] }))).rejects.toThrow(
      'No layer can be quantised. "stem": it was asked to stay.',
    )
    const { model } = await quantizeIntegers(network(), options())
    await expect(quantizeIntegers(model, options())).rejects.toThrow(
      'No layer can be quantised. "stem": it is in codes already.',
    )
    await expect(quantizeIntegers(network(), options({ bits: 9 }))).rejects.toThrow('2 to 8 bits, not 9')
    const b = new GraphBuilder('none')
    b.output(b.node('Relu', [b.input('input', 'float32', ['N', ...imageShape])]))
    await expect(quantizeIntegers(b.model(), options())).rejects.toThrow(
      'The model has no convolution and no linear layer that could be quantised.',
    )
  })
})

describeOrt('in ONNX Runtime', () => {
  it('gives the same codes, but for one step in few', async () => {
    const { model } = await quantizeIntegers(network(), options())
    const data = picture(8, 9)
    const own = await run(model, data)
    const feeds = { input: { type: 'float32', dims: [8, ...imageShape], data } } as const
    const step = (2 * largest(own)) / 255
    for (const optimization of ['disabled', 'all'] as const) {
      const { scores } = await runOrt(modelBytes(model), feeds, { optimization })
      const steps = Array.from(scores!.data as Float32Array, (v, i) => Math.abs(v - own[i]!) / step)
      expect(largest(steps), optimization).toBeLessThan(1.01)
      if (optimization === 'disabled') expect(steps.filter((s) => s > 1e-3)).toEqual([])
    }
  })
})

describe('before codes are made', () => {
  it('normalisation goes into weights and biases of convolutions, transposed and grouped ones too', async () => {
    const random = seededRandom(8)
    for (const [opType, shape, attributes, channels] of [
      ['Conv', [6, 3, 3, 3], {}, 6],
      ['ConvTranspose', [3, 2, 3, 3], {}, 2],
      ['ConvTranspose', [3, 2, 3, 3], { group: 3 }, 6],
    ] as const) {
      const b = new GraphBuilder('folded')
      const floats = (name: string, size: readonly number[], shift = 0) =>
        b.constant(
          name,
          tensorOf(
            'float32',
            size,
            Float32Array.from({ length: size.reduce((p, d) => p * d, 1) }, () => shift + random.normal()),
          ),
        )
      const x = b.input('input', 'float32', [8, ...imageShape])
      const y = b.node(opType, [x, floats('w', shape), floats('b', [channels])], attributes)
      const settings = ['g', 'h', 'm'].map((name) => floats(name, [channels]))
      b.output(b.node('BatchNormalization', [y, ...settings, floats('v', [channels], 9)]))
      const given = b.model()
      const folded = foldNormalisation(given, operators)
      expect(opsOf(folded)).toEqual([opType])
      const [before, after] = [await run(given), await run(folded)]
      expect(furthest(after, before)).toBeLessThan(1e-5 * largest(before))
    }
  })

  it('channels are alike across layers, and the network is the same', async () => {
    const given = foldNormalisation(network(), operators)
    const even = equalised(given, operators)
    const [before, after] = [await run(given), await run(even)]
    expect(furthest(after, before)).toBeLessThan(1e-5 * largest(before))
    const rangesOf = (model: Model, name: string) => {
      const data = Float32Array.from(tensorValues(model.graph.initializers.get(name)!))
      return Array.from({ length: 8 }, (_, c) => largest(data.subarray(9 * c, 9 * c + 9)))
    }
    const spread = (values: readonly number[]) => largest(values) / Math.min(...values)
    const [was, is] = [given, even].map((model) => spread(rangesOf(model, 'depthwise.weight')))
    expect(is).not.toBeCloseTo(was!, 3)
  })
})

it('layers that no output is made of get no codes', async () => {
  const b = new GraphBuilder('dead', 17)
  const x = b.input('input', 'float32', ['N', ...imageShape])
  const weight = (name: string) =>
    b.constant(
      name,
      tensorOf(
        'float32',
        [2, 3, 1, 1],
        Float32Array.from({ length: 6 }, (_, i) => i - 2.5),
      ),
    )
  b.node('Relu', [b.node('Conv', [x, weight('v')], {}, { name: 'dead' })])
  b.output(b.node('Conv', [x, weight('w')], {}, { name: 'alive' }))
  const { model, layers } = await quantizeIntegers(b.model(), options())
  expect(layers.map(({ node }) => node)).toEqual(['alive'])
  expect(model.graph.nodes.filter(({ opType }) => opType === 'Conv').length).toBe(1)
})

describe('weights as codes', () => {
  it('have a scale for each channel, whose largest weight is the largest code', () => {
    const weights = Float32Array.from([1, -0.4, 0.25, 0, 127, -127])
    const { codes, scales } = weightCodes(weights, [3, 2], 0, 8, false, () => 0)
    expect([...codes]).toEqual([127, -51, 127, 0, 127, -127])
    expect([...scales]).toEqual([Math.fround(1 / 127), Math.fround(0.25 / 127), 1])
    // Of columns: channels are the second axis.
    const columns = weightCodes(weights, [3, 2], 1, 8, false, () => 0)
    expect([...columns.scales]).toEqual([1, 1])
    expect([...columns.codes]).toEqual([1, 0, 0, 0, 127, -127])
  })

  it('have nearer scales where few codes are left', () => {
    const random = seededRandom(3)
    const weights = Float32Array.from({ length: 400 }, () => random.normal() ** 3)
    const error = (nearest: boolean) => weightCodes(weights, [4, 100], 0, 4, nearest, () => 0).error
    expect(error(true)).toBeLessThan(0.97 * error(false))
  })

  it('of a channel of zeros take any scale, as coarse as its bias wants', () => {
    const { codes, scales, error } = weightCodes(new Float32Array(4), [2, 2], 0, 8, true, (c) => c)
    expect([...codes]).toEqual([0, 0, 0, 0])
    expect([...scales]).toEqual([1, 1])
    expect(error).toBe(0)
  })
})
