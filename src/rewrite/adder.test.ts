import { describe, expect, it, vi } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { editGraph, GraphBuilder, type Model, type Node, tensorOf, tensorValues, validated } from '../graph/index.ts'
import { nets } from '../nets/index.ts'
import { modelBytes } from '../onnx/index.ts'
import { createProgram, createSession, hostTensor } from '../runtime/index.ts'
import { describeOrt, runOrt } from '../testing/ort.ts'
import { measureStatistics, type RewriteOptions, rewriteModel } from './index.ts'

const toAdder = (model: Model, options: RewriteOptions<{ keepWeights: boolean }> = {}) =>
  rewriteModel(model, 'adder', options)
const named = (...names: string[]) => ({ text: names.join(), matches: (n: string) => names.includes(n) })
const adders = (model: Model): Node[] => model.graph.nodes.filter((n) => n.opType === 'AdderConv')
const zeros = (...shape: number[]) => tensorOf('float32', shape, new Float32Array(shape.reduce((p, d) => p * d, 1)))

/** What one Conv in various circumstances makes of it. */
function one(build: (b: GraphBuilder, x: string) => void): Model {
  const b = new GraphBuilder('one')
  build(b, b.input('x', 'float32', [1, 4, 6, 6]))
  return b.model()
}

describe('swapping convolutions for adder convolutions', () => {
  it('takes all but the first and the classifier, as AdderNet does', async () => {
    const model = nets.resnet20({ classifier: 'convBn' })
    const { model: swapped, swapped: layers, kept, refused } = await toAdder(model)
    expect(validated(swapped)).toBe(swapped)
    expect(layers).toHaveLength(20)
    expect(new Set(layers.map((l) => l.facts.batchNormalization))).toEqual(new Set(['kept']))
    expect(kept.map((l) => l.node)).toEqual(['conv1', 'fc'])
    expect(refused).toEqual([])
    expect(swapped.opsetImports.get('ai.kerf')).toBe(1)
    expect(swapped.graph.nodes).toHaveLength(model.graph.nodes.length)
    const before = model.graph.nodes.find((n) => n.name === 'layer2.0.conv1')
    const after = swapped.graph.nodes.find((n) => n.name === 'layer2.0.conv1')
    expect(after).toMatchObject({ opType: 'AdderConv', domain: 'ai.kerf', attributes: before?.attributes })
    // The model given is as it was.
    expect(before?.opType).toBe('Conv')
    expect(adders(model)).toEqual([])
  })

  it('draws weights from N(0, 1) by the seed, or keeps them', async () => {
    const model = nets.resnet20()
    const weights = async (options: Parameters<typeof toAdder>[1]) =>
      tensorValues((await toAdder(model, options)).model.graph.initializers.get('layer3.1.conv1.weight') as never)
    const drawn = await weights({})
    const mean = drawn.reduce((s, v) => s + v, 0) / drawn.length
    const variance = drawn.reduce((s, v) => s + (v - mean) ** 2, 0) / drawn.length
    expect(Math.abs(mean)).toBeLessThan(0.02)
    expect(Math.abs(variance - 1)).toBeLessThan(0.03)
    expect(await weights({})).toEqual(drawn)
    expect(await weights({ seed: 1 })).not.toEqual(drawn)
    expect(await weights({ settings: { keepWeights: true } })).toEqual(
      tensorValues(model.graph.initializers.get('layer3.1.conv1.weight') as never),
    )
  })

  it('puts BatchNormalization behind where there is none, with the bias in it; groups stay', async () => {
    const model = one((b, x) => {
      const w = b.constant('w', zeros(8, 2, 3, 3))
      const bias = b.constant('bias', tensorOf('float32', [8], [1, 2, 3, 4, 5, 6, 7, 8]))
      const y = b.node('Conv', [x, w, bias], { group: 2, pads: [1, 1, 1, 1] }, { name: 'c', outputs: ['y'] })
      b.output(b.node('Relu', [y]))
    })
    const { model: swapped, swapped: layers } = await toAdder(model, { layers: named('c') })
    expect(layers).toEqual([
      {
        ...{ node: 'c', nodes: ['c', 'c_bn'], facts: { batchNormalization: 'inserted' } },
        parameters: [
          { name: 'w', shape: [8, 2, 3, 3], from: 'N(0, 1)' },
          { name: 'c.bn_weight', shape: [8], from: '1' },
          { name: 'bias', shape: [8], from: 'the bias' },
        ],
      },
    ])
    const [adder, normal, relu] = swapped.graph.nodes
    expect(adder).toMatchObject({ opType: 'AdderConv', inputs: ['x', 'w'], outputs: ['c_sums'] })
    expect(normal).toMatchObject({ opType: 'BatchNormalization', outputs: ['y'] })
    expect(relu?.inputs).toEqual(['y'])
    const parameters = normal?.inputs
      .slice(1)
      .map((name) => [...tensorValues(swapped.graph.initializers.get(name) as never)])
    expect(parameters).toEqual([Array(8).fill(1), [1, 2, 3, 4, 5, 6, 7, 8], Array(8).fill(0), Array(8).fill(1)])
  })

  it('sees into a branch that is known to be taken', async () => {
    const model = one((b, x) => {
      const branch = (name: string) => {
        const body = new GraphBuilder(name)
        body.output(body.node('Conv', [x, body.constant(`${name}.w`, zeros(2, 4, 1, 1))], {}, { name }))
        return { kind: 'graph' as const, value: body.model().graph }
      }
      const condition = b.node('Equal', [b.node('Size', [x]), b.constant('size', tensorOf('int64', [], [144]))])
      b.output(
        b.node('If', [condition], { then_branch: branch('taken'), else_branch: branch('other') }, { name: 'if' }),
      )
    })
    const { model: swapped, swapped: layers } = await toAdder(model, { layers: named('if/taken', 'taken') })
    expect(layers.map((l) => l.parameters[0]?.shape)).toEqual([[2, 4, 1, 1]])
    expect(validated(swapped)).toBe(swapped)
    expect(adders(swapped)).toHaveLength(1)
    expect(swapped.graph.nodes.some((n) => n.opType === 'If')).toBe(false)
  })

  it('drops a bias that BatchNormalization makes pointless, and does not take one whose input others read', async () => {
    const model = one((b, x) => {
      const normal = (v: string) =>
        b.node('BatchNormalization', [v, ...['g', 'h', 'm', 'v'].map((n) => b.constant(n, zeros(4)))])
      const bias = b.constant('bias', zeros(4))
      const a = b.node('Conv', [x, b.constant('wa', zeros(4, 4, 1, 1)), bias], {}, { name: 'a' })
      const c = b.node('Conv', [normal(a), b.constant('wc', zeros(4, 4, 1, 1))], {}, { name: 'c' })
      b.output(b.node('Add', [normal(c), c]))
    })
    const { model: swapped, swapped: layers } = await toAdder(model, { layers: named('a', 'c') })
    expect(layers.map((l) => l.facts.batchNormalization)).toEqual(['kept', 'inserted'])
    expect(swapped.graph.initializers.has('bias')).toBe(false)
    expect(validated(swapped)).toBe(swapped)
  })

  const refusing: [string, string, (b: GraphBuilder, x: string) => void][] = [
    [
      'a linear layer',
      'Gemm "it": it is no Conv (its type is Gemm), and only these can be swapped. Choose other layers.',
      (b, x) => b.output(b.node('Gemm', [b.node('Flatten', [x]), b.constant('w', zeros(144, 2))], {}, { name: 'it' })),
    ],
    [
      'computed weights',
      'Conv "it": its weights "w" are computed while running.',
      (b, x) => b.output(b.node('Conv', [x, b.input('w', 'float32', [4, 4, 1, 1])], {}, { name: 'it' })),
    ],
    [
      'shared weights',
      'Conv "it": it shares its weights "w" with other.',
      (b, x) => {
        const w = b.constant('w', zeros(4, 4, 1, 1))
        const y = b.node('Conv', [x, w], {}, { name: 'it' })
        b.output(b.node('Conv', [y, w], {}, { name: 'other' }))
      },
    ],
    [
      'shared weights by a second name',
      'Conv "it": it shares its weights "again_output" with other.',
      (b, x) => {
        const w = b.constant('w', zeros(4, 4, 1, 1))
        const y = b.node('Conv', [x, b.node('Identity', [w], {}, { name: 'again' })], {}, { name: 'it' })
        b.output(b.node('Conv', [y, w], {}, { name: 'other' }))
      },
    ],
    [
      'three axes',
      'Conv "it": it is 3-D, and adder layers convolve along one or two axes.',
      (b, x) => {
        const deep = b.node('Unsqueeze', [x, b.ints('axes', [2])])
        b.output(b.node('Conv', [deep, b.constant('w', zeros(4, 4, 1, 1, 1))], {}, { name: 'it' }))
      },
    ],
    [
      'half floats',
      'Conv "it": its weights are float16, not float32.',
      (b) => {
        const half = b.input('half', 'float16', [1, 4, 6, 6])
        const w = b.constant('w', tensorOf('float16', [1, 4, 1, 1], [0, 0, 0, 0]))
        b.output(b.node('Conv', [half, w], {}, { name: 'it' }))
      },
    ],
    [
      'adder layers',
      'AdderConv "it": it is an adder layer already.',
      (b, x) =>
        b.output(b.node('AdderConv', [x, b.constant('w', zeros(4, 4, 1, 1))], {}, { name: 'it', domain: 'ai.kerf' })),
    ],
  ]
  it.each(refusing)('refuses %s, by name', async (_, message, build) => {
    await expect(toAdder(one(build), { layers: named('it') })).rejects.toThrow(message)
  })

  it('reports what a pattern meets and cannot swap', async () => {
    const model = one((b, x) => {
      const w = b.constant('w', zeros(4, 4, 1, 1))
      const y = b.node('Conv', [b.node('Conv', [x, w], {}, { name: 'a' }), w], {}, { name: 'b' })
      b.output(b.node('Conv', [y, b.constant('own', zeros(4, 4, 1, 1))], {}, { name: 'c' }))
    })
    const { swapped, refused } = await toAdder(model, { layers: { text: '*', matches: () => true } })
    expect(swapped.map((l) => l.node)).toEqual(['c'])
    expect(refused.map((l) => [l.node, l.why])).toEqual([
      ['a', 'it shares its weights "w" with b'],
      ['b', 'it shares its weights "w" with a'],
    ])
  })

  it('names every layer that was asked for, of whatever type, with the reason', async () => {
    const model = nets.lenet5_bn()
    const those = (text: string, names: RegExp) => ({ layers: { text, matches: (n: string) => names.test(n) } })
    await expect(toAdder(model, those('*fc*', /fc|relu/))).rejects.toThrow(
      'No layer can be swapped. Choose others with --layers.\n  fc: it is no Conv (its type is Gemm), and only these can be swapped',
    )
    await expect(toAdder(model, those('*relu*', /relu/i))).rejects.toThrow(/: it is no Conv \(its type is Relu\)/)
    const { swapped, refused } = await toAdder(model, those('*', /./))
    expect(swapped.length).toBeGreaterThan(1)
    expect(refused.map((l) => l.node)).toEqual(['fc'])
  })

  it('says when there is nothing to do', async () => {
    await expect(toAdder(nets.resnet20(), { layers: named('conv9') })).rejects.toThrow(
      'No layer is called "conv9". Those that can be swapped: conv1, layer1.0.conv1,',
    )
    const model = one((b, x) => b.output(b.node('Conv', [x, b.constant('w', zeros(4, 4, 1, 1))], {}, { name: 'a' })))
    await expect(toAdder(model)).rejects.toThrow(
      'No layer can be swapped. Choose others with --layers.\n  a: the first convolution stays as it is, as in AdderNet',
    )
    const quantised = one((b, x) => {
      const codes = b.constant('codes', tensorOf('int8', [4, 4, 1, 1], new Int8Array(16)))
      const weight = b.node('DequantizeLinear', [codes, b.constant('scale', tensorOf('float32', [], [0.1]))])
      b.output(b.node('Conv', [b.node('Relu', [x]), weight], {}, { name: 'a' }))
    })
    await expect(toAdder(quantised, { layers: named('a') })).rejects.toThrow(
      'The network is quantised: the weight "codes" holds codes of few bits, made for the values that its layers see now. Swap the network that it was made of, and quantise what comes out (kerf quantize).',
    )
    const old = { ...model, opsetImports: new Map([['', 8]]) }
    await expect(toAdder(old)).rejects.toThrow(
      'A network with adder convolutions takes opset 9 or higher; the model has 8.',
    )
  })
})

const shape = [4, 3, 32, 32]
const random = seededRandom(6)
const images = { shape, data: Float32Array.from({ length: 4 * 3 * 32 * 32 }, random.normal) }
const run = async (model: Model) => {
  const session = await createSession(model)
  const outputs = await session.run({ input: hostTensor('float32', shape, images.data) })
  session.dispose()
  return outputs
}

describe('statistics', () => {
  it('are those of the images, layer after layer, so that the network lives', async () => {
    const { model, swapped } = await toAdder(nets.resnet20())
    const dead = (await run(model)).logits?.data as Float32Array
    expect([...dead.subarray(0, 10)]).toEqual([...dead.subarray(10, 20)])

    // One plan and one run, however many layers.
    let sessions = 0
    let runs = () => 0
    const measured = await measureStatistics(model, images, {
      runtime: {
        createProgram,
        createSession: async (m) => {
          sessions++
          const session = await createSession(m)
          const run = vi.spyOn(session, 'run')
          runs = () => run.mock.calls.length
          return session
        },
      },
      behind: new Set(swapped.flatMap((l) => l.nodes)),
    })
    expect([sessions, runs()]).toEqual([1, 1])
    const alive = (await run(measured)).logits?.data as Float32Array
    expect(Math.max(...[0, 1, 2].map((c) => Math.abs(alive[c]! - alive[10 + c]!)))).toBeGreaterThan(0.01)
    // Names stay, and what lies before the first adder layer, too.
    expect([...measured.graph.initializers.keys()]).toEqual(expect.arrayContaining(['layer3.2.bn2.running_var']))
    expect(measured.graph.initializers.get('bn1.running_mean')).toBe(model.graph.initializers.get('bn1.running_mean'))

    // Behind the normalisation, before γ and β: mean 0 and variance 1.
    const name = 'layer2.1.bn1'
    const outputs = [{ name: `${name}_output`, type: undefined }]
    const y = (await run({ ...measured, graph: { ...measured.graph, outputs } }))[`${name}_output`]
      ?.data as Float32Array
    const [gamma, beta] = ['weight', 'bias'].map((k) =>
      tensorValues(measured.graph.initializers.get(`${name}.${k}`) as never),
    )
    for (let c = 0; c < 32; c += 7) {
      const own = y.filter((_, i) => Math.floor(i / 256) % 32 === c)
      const mean = own.reduce((s, v) => s + v, 0) / own.length
      const variance = own.reduce((s, v) => s + (v - mean) ** 2, 0) / own.length
      expect(mean).toBeCloseTo(beta?.[c] as number, 2)
      expect(Math.sqrt(variance)).toBeCloseTo(Math.abs(gamma?.[c] as number), 2)
    }
  })

  it('are those of all images where the file takes fewer at a time', async () => {
    const { model } = await toAdder(nets.lenet5_bn({ inputSize: 16 }))
    const six = { shape: [6, 1, 16, 16], data: Float32Array.from({ length: 6 * 256 }, random.normal) }
    const fixedTo = (size: number, end: 'free' | 'fixed'): Model => {
      const { inputs, nodes, initializers } = model.graph
      const input = inputs.map((i) =>
        i.type?.kind === 'tensor' ? { ...i, type: { ...i.type, shape: [size, 1, 16, 16] } } : i,
      )
      // Everything in one row fixes the batch for good.
      const last = { name: 'row', domain: '', outputs: ['row'], attributes: new Map() }
      const row = { ...last, opType: 'Reshape', inputs: [model.graph.outputs[0]!.name, 'row_shape'] }
      const ends = end === 'free' ? [] : [row]
      return {
        ...model,
        graph: {
          ...model.graph,
          inputs: input,
          nodes: [...nodes, ...ends],
          outputs: [{ name: end === 'free' ? model.graph.outputs[0]!.name : 'row', type: undefined }],
          initializers: new Map([...initializers, ['row_shape', tensorOf('int64', [2], [1, size * 10])]]),
        },
      }
    }
    const of = async (m: Model) => {
      const { graph } = await measureStatistics(m, six)
      return ['bn1', 'bn2', 'bn4'].map((name) =>
        ['running_mean', 'running_var'].map((k) => [...tensorValues(graph.initializers.get(`${name}.${k}`)!)]),
      )
    }
    const whole = await of(model)
    expect(await of(fixedTo(1, 'free'))).toEqual(whole)
    expect(await of(fixedTo(4, 'free'))).toEqual(whole)
    // In front of the first normalisation batches make no difference.
    const pooled = await of(fixedTo(3, 'fixed'))
    pooled[0]!.forEach((values, k) => {
      values.forEach((v, c) => {
        expect(v as number).toBeCloseTo(whole[0]![k]![c] as number, 5)
      })
    })
    // Behind it they do, by what six images of noise differ in threes.
    expect(pooled[1]).not.toEqual(whole[1])
    const [, largest] = [pooled, whole].map((all) => Math.max(...(all[1]![0] as number[]).map(Math.abs)))
    pooled[1]![0]!.forEach((v, c) => {
      expect(Math.abs((v as number) - (whole[1]![0]![c] as number))).toBeLessThan(0.1 * largest!)
    })
    await expect(of(fixedTo(7, 'fixed'))).rejects.toThrow('Statistics are measured on 6 images: give at least 7.')
  })

  it('need one input, and numbers', async () => {
    const two = one((b, x) => b.output(b.node('Add', [x, b.input('z', 'float32', [1])])))
    await expect(measureStatistics(two, images)).rejects.toThrow('The model has 2 inputs')
    const kinds = one((b, x) => {
      const statistics = ['g', 'h', 'm', 'v'].map((name) => b.constant(name, zeros(4)))
      const sum = b.node('Add', [x, b.input('z', 'float32', [1, 4, 1, 1])])
      b.output(b.node('BatchNormalization', [sum, ...statistics], {}, { name: 'bn' }))
    })
    const feeds = {
      x: hostTensor('float32', [1, 4, 6, 6], new Float32Array(144).fill(2)),
      z: hostTensor('float32', [1, 4, 1, 1], [1, 2, 3, 4]),
    }
    const { graph } = await measureStatistics(kinds, { feeds })
    expect([...tensorValues(graph.initializers.get('m')!)]).toEqual([3, 4, 5, 6])
    const weight = tensorOf('float32', [16, 3, 3, 3], new Float32Array(432).fill(Number.NaN))
    const model = editGraph(nets.resnet20()).set('conv1.weight', weight).model()
    await expect(measureStatistics(model, images)).rejects.toThrow('"conv1_output" holds values that are no numbers')
  })
})

describeOrt('a swapped network in ONNX Runtime', () => {
  it('gives the same', async () => {
    const { model } = await toAdder(nets.lenet5_bn())
    const data = Float32Array.from({ length: 2 * 784 }, random.normal)
    const measured = await measureStatistics(model, { shape: [2, 1, 28, 28], data })
    const session = await createSession(measured)
    const { logits } = await session.run({ input: hostTensor('float32', [2, 1, 28, 28], data) })
    session.dispose()
    const theirs = (await runOrt(modelBytes(measured), { input: { type: 'float32', dims: [2, 1, 28, 28], data } }))
      .logits
    const largest = Math.max(...Array.from(theirs!.data as Float32Array, Math.abs))
    const values = theirs?.data as Float32Array
    values.forEach((v, i) => {
      expect(Math.abs(v - Number(logits?.data[i]))).toBeLessThan(1e-3 * largest)
    })
  })
})
