import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { editGraph, GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { adderConvolution, nets } from '../nets/index.ts'
import { modelBytes } from '../onnx/index.ts'
import { createSession, hostTensor } from '../runtime/index.ts'
import { describeOrt, runOrt } from '../testing/ort.ts'
import { type CalibrationBatch, type QuantizeOptions, quantisableLayers, quantize } from './index.ts'

const imageShape = [1, 28, 28]
const size = 28 * 28

/** Batches of smooth random pictures; the last one is not full. */
async function* pictures(counts: readonly number[], batchSize = 4, pixel?: (image: number) => number) {
  const random = seededRandom(3)
  let image = 0
  for (const count of counts) {
    const images = new Float32Array(batchSize * size)
    for (let i = 0; i < count; i++, image++) {
      const [a, b, phase] = [random.normal(), random.normal(), 6 * random.uniform()]
      for (let p = 0; p < size; p++)
        images[i * size + p] =
          pixel?.(image) ?? 0.5 + 0.5 * Math.sin(a * (p % 28) * 0.3 + b * Math.floor(p / 28) * 0.3 + phase)
    }
    yield { images, count } satisfies CalibrationBatch
  }
}

const net = (): Model => nets.lenet5_bn({ convolution: adderConvolution, seed: 2 })

function options(bits: number, batches = pictures([4, 4, 3]), more: Partial<QuantizeOptions> = {}): QuantizeOptions {
  return { bits, images: { shape: imageShape, batchSize: 4, batches }, ...more }
}

/** A network whose statistics fit its inputs, as training makes them: LeNet's are drawn, and its activations die. */
async function alive(): Promise<Model> {
  const b = new GraphBuilder('alive')
  const random = seededRandom(4)
  const floats = (name: string, shape: number[], value: () => number) =>
    b.constant(name, tensorOf('float32', shape, Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, value)))
  let x = b.input('input', 'float32', ['N', ...imageShape])
  x = b.node('Conv', [x, floats('stem', [8, 1, 3, 3], random.normal)], { pads: [1, 1, 1, 1] }, { name: 'stem' })
  x = b.node('Relu', [x], {}, { name: 'relu0' })
  for (const [name, terms] of [
    ['a', 72],
    ['b', 72],
  ] as const) {
    const y = b.node(
      'AdderConv',
      [x, floats(`${name}.weight`, [8, 8, 3, 3], () => 2 * random.normal())],
      { pads: [1, 1, 1, 1] },
      { name, domain: 'ai.kerf' },
    )
    const mean = -2 * terms
    const statistics = [
      floats(`${name}.gamma`, [8], () => 1),
      floats(`${name}.beta`, [8], () => 0.3),
      floats(`${name}.mean`, [8], () => mean + 8 * random.normal()),
      floats(`${name}.variance`, [8], () => 300),
    ]
    x = b.node(
      'Relu',
      [b.node('BatchNormalization', [y, ...statistics], {}, { name: `${name}.bn` })],
      {},
      { name: `${name}.relu` },
    )
  }
  const pooled = b.node('Flatten', [b.node('GlobalAveragePool', [x])])
  b.output(b.node('Gemm', [pooled, floats('fc', [8, 10], random.normal)], {}, { outputs: ['logits'] }))
  return b.model()
}

describe('quantising a network on data', () => {
  it('finds ranges, says what it did to every tensor, and changes the outputs the more the fewer the bits', async () => {
    const model = await alive()
    expect(quantisableLayers(model)).toEqual(['a', 'b'])
    const drifts: number[] = []
    for (const bits of [8, 6, 4, 2]) {
      const { layers, images, outputDrift, model: quantised } = await quantize(model, options(bits))
      expect(images).toBe(11)
      expect(layers.map((l) => [l.node, l.input, l.bits])).toEqual([
        ['a', 'relu0_output', bits],
        ['b', 'a.relu_output', bits],
      ])
      for (const { seen, range, coding, drift } of layers) {
        expect(seen.lo).toBe(0)
        expect(range.hi).toBeLessThanOrEqual(seen.hi * 1.01)
        expect(coding.relative).toBeGreaterThan(0)
        expect(drift).toBeLessThan(1)
      }
      // The first tensor comes from ordinary layers, which stay as they are.
      expect(layers[0]?.drift).toBeLessThan(1e-6)
      expect(layers[1]?.drift).toBeGreaterThan(1e-4)
      expect(quantised.graph.outputs).toEqual(model.graph.outputs)
      expect(() => quantisableLayers(quantised)).toThrow('quantised already')
      drifts.push(outputDrift)
    }
    expect(drifts).toEqual([...drifts].sort((a, b) => a - b))
    expect(drifts[0]).toBeLessThan(0.02)
  })

  it('leaves out adder layers that no output depends on, as the file that is written does', async () => {
    const model = await alive()
    const node = model.graph.nodes.find(({ name }) => name === 'a')!
    const dead = { ...node, name: 'dead', inputs: ['a_output', node.inputs[1]!], outputs: ['dead_output'] }
    const nodes = model.graph.nodes.flatMap((n) => (n === node ? [n, dead] : [n]))
    const more = { biasCorrection: true }
    const both = await quantize({ ...model, graph: { ...model.graph, nodes } }, options(8, undefined, more))
    const without = await quantize(model, options(8, undefined, more))
    expect(both.layers).toEqual(without.layers)
    expect(modelBytes(both.model)).toEqual(modelBytes(without.model))
  })

  it('puts the mean of every filter right where that is asked for', async () => {
    const model = await alive()
    const batch = pictures([4])
    const { images } = (await batch.next()).value as CalibrationBatch
    const means = async (m: Model) => {
      const adders = m.graph.nodes.filter((n) => n.opType === 'AdderConv')
      const outputs = adders.map((n) => ({ name: n.outputs[0]!, type: undefined }))
      const session = await createSession({ ...m, graph: { ...m.graph, outputs } })
      const results = await session.run({ input: hostTensor('float32', [4, ...imageShape], images) })
      session.dispose()
      return outputs.map(({ name }) => {
        const values = results[name]?.data as Float32Array
        const sums = new Float64Array(8)
        values.forEach((v, i) => {
          const filter = Math.floor(i / size) % 8
          sums[filter] = sums[filter]! + v / (4 * size)
        })
        return sums
      })
    }
    const [expected, corrected, plain] = await Promise.all(
      [
        model,
        (await quantize(model, options(3, pictures([4]), { biasCorrection: true }))).model,
        (await quantize(model, options(3, pictures([4])))).model,
      ].map(means),
    )
    const off = (found: Float64Array[] = []) =>
      found.map((m, l) => Math.max(...m.map((v, f) => Math.abs(v - (expected?.[l]?.[f] as number)))))
    for (const difference of off(corrected)) expect(difference).toBeLessThan(0.01)
    for (const difference of off(plain)) expect(difference).toBeGreaterThan(0.3)
  })

  it('leaves no adder layer to floats: the plan has integer kernels only, and codes go from layer to layer', async () => {
    const { model } = await quantize(await alive(), options(6))
    const session = await createSession(model)
    const feeds = { input: hostTensor('float32', [2, ...imageShape], new Float32Array(2 * size).fill(0.5)) }
    const { tasks } = await session.profile(feeds, 0.01)
    session.dispose()
    const adders = tasks.filter((t) => t.operators.some((o) => o === 'ai.kerf.AdderConv'))
    expect(adders.map((t) => t.kernels)).toEqual([['adderU8'], ['adderU8']])
    // What lies between them, quantising included, is in the first one.
    expect(adders[0]?.operators).toEqual(['ai.kerf.AdderConv', 'BatchNormalization', 'Relu', 'QuantizeLinear', 'Clip'])
    expect(tasks.filter((t) => t.kernels.includes('quantiseU8'))).toHaveLength(1)
    expect(tasks.filter((t) => t.kind === 'host')).toEqual([])
  })

  it('looks at no more images than told, and at none that only fill a batch', async () => {
    const model = await alive()
    const seen: number[] = []
    const { images } = await quantize(
      model,
      options(8, pictures([4, 4, 4]), { most: 6, progress: ({ done }) => void seen.push(done) }),
    )
    expect([images, seen]).toEqual([6, [4, 6]])
    // Zeros that fill the batch would be seen as the smallest value of an input that has none.
    const bright = await quantize(model, options(8, brighter([4, 1]), { range: 'minmax' }))
    expect(bright.images).toBe(5)
  })

  it.each([
    ['9 bits', 'not 9.', () => quantize(net(), options(9))],
    ['1 bit', 'Adder layers can be quantised to 2 to 8 bits, not 1.', () => quantize(net(), options(1))],
    ['no images', 'There are no calibration images', () => quantize(net(), options(6, pictures([])))],
    [
      'black images',
      'The data are constant: every pixel of the calibration images is 0,',
      () =>
        quantize(
          net(),
          options(
            6,
            pictures([4, 4], 4, () => 0),
          ),
        ),
    ],
    [
      'one image again and again',
      'The data are constant: all 8 calibration images are the same,',
      () => quantize(net(), options(6, repeated(2))),
    ],
    [
      'a network without adder layers',
      'The model has no adder layer (AdderConv of domain ai.kerf), and only these are quantised.',
      () => quantize(nets.lenet5_bn(), options(6)),
    ],
  ])('%s: a clear error', async (_, message, attempt) => {
    await expect(attempt()).rejects.toThrow(message)
  })

  it('is not done twice', async () => {
    const { model } = await quantize(await alive(), options(6))
    await expect(quantize(model, options(6))).rejects.toThrow('All adder layers of the model are quantised already.')
  })

  it('names a layer whose input is always the same', async () => {
    // A bias so low that ReLU lets nothing through.
    const bias = tensorOf('float32', [8], new Float32Array(8).fill(-1000))
    const model = editGraph(await alive())
      .set('a.beta', bias)
      .model()
    await expect(quantize(model, options(6))).rejects.toThrow(
      'The input "a.relu_output" of AdderConv "b" is 0 everywhere in all calibration data, and no codes can be made for it.',
    )
  })
})

async function* repeated(batches: number) {
  for (let i = 0; i < batches; i++)
    for await (const batch of pictures([1], 1)) {
      const images = new Float32Array(4 * size)
      for (let k = 0; k < 4; k++) images.set(batch.images, k * size)
      yield { images, count: 4 }
    }
}

async function* brighter(counts: readonly number[]) {
  for await (const { images, count } of pictures(counts)) yield { images: images.map((v) => v + 1), count }
}

describeOrt('the quantised network in ONNX Runtime', () => {
  it('gives the same logits', async () => {
    const { model } = await quantize(await alive(), options(6))
    for await (const { images } of pictures([2], 2)) {
      const session = await createSession(model)
      const { logits: ours } = await session.run({ input: hostTensor('float32', [2, ...imageShape], images) })
      session.dispose()
      const { logits } = await runOrt(modelBytes(model), {
        input: { type: 'float32', dims: [2, ...imageShape], data: images },
      })
      const theirs = logits?.data as Float32Array
      const largest = theirs.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
      theirs.forEach((v, i) => {
        expect(Math.abs(v - Number(ours?.data[i]))).toBeLessThan(1e-4 * largest)
      })
      expect(largest).toBeGreaterThan(0.1)
    }
  })
})
