// Files as ONNX Runtime's optimiser and its quantisation write them.

import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/index.ts'
import { profileModel } from '../../src/cost/index.ts'
import { float, GraphBuilder, type Model, tensorOf } from '../../src/graph/index.ts'
import { memorySource, modelBytes, readModel } from '../../src/onnx/index.ts'
import { pruneModel } from '../../src/prune/index.ts'
import { rewriteModel } from '../../src/rewrite/index.ts'
import { hostTensor, referenceRun } from '../../src/runtime/index.ts'
import { backends } from '../../src/testing/backends.ts'
import { caseArray, caseModel } from '../../src/testing/cases.ts'
import { describeShared } from '../../src/testing/shared.ts'
import { weightsFor } from '../../src/testing/weights.ts'

const greatest = (values: ArrayLike<number>) => Array.from(values).reduce((m, v) => Math.max(m, Math.abs(v)), 0)

const only = (outputs: ReadonlyMap<string, { readonly data: ArrayLike<unknown> }>) =>
  Float32Array.from([...outputs.values()][0]?.data as ArrayLike<number>)

describeShared('a model saved by the optimiser', () => {
  const path = 'reports/58-ort-optimised'

  it('costs what the plain one costs', () => {
    const [optimised, plain] = ['model.onnx', 'plain.onnx'].map((file) => profileModel(caseModel(path, file)))
    expect(optimised?.totals).toMatchObject({ macs: 394_304, params: 7354 })
    expect(optimised?.unsupported).toEqual([])
    expect(plain?.totals).toMatchObject({ macs: 394_304, params: 7354 })
  })

  it.each(backends)('gives on $name what PyTorch gives', async ({ run }) => {
    const y = only(await run(caseModel(path), new Map([['x', caseArray(path, 'in.x')]])))
    const expected = only(new Map([['y', caseArray(path, 'torch.0')]]))
    expect(greatest(y.map((v, i) => v - expected[i]!))).toBeLessThan(3e-6)
  })

  it('is cut as the plain one is', async () => {
    const [optimised, plain] = await Promise.all(
      ['model.onnx', 'plain.onnx'].map(async (file) => {
        const { after } = await pruneModel(caseModel(path, file), { scope: { ratio: 0.5 } })
        return after
      }),
    )
    expect(optimised?.macs).toBe(plain?.macs)
    expect(optimised?.params).toBe(plain?.params)
  })
})

describeShared('a model of quantised operators', () => {
  const path = 'reports/70-qoperator'

  it('is counted whole', () => {
    const profile = profileModel(caseModel(path))
    expect(profile.totals.macs).toBe(175_264)
    expect(profile.unsupported).toEqual([])
  })

  // onnxruntime 1.32 with session.x64quantprecision = 1 (without it, sums overflow on processors that have no VNNI):
  // InferenceSession('model.onnx', options).run(None, {'x': np.load('io/in.x.npy')})
  it.each(backends)('gives on $name what ONNX Runtime gives', async ({ run }) => {
    const y = only(await run(caseModel(path), new Map([['x', caseArray(path, 'in.x')]])))
    const expected = [1, -0.95, -1.7, -0.45, -0.7, -0.25, 0.15, -0.95, -0.45, 1.4]
    expect(Array.from(y, (v) => Number(v.toFixed(5)))).toEqual(expected)
  })
})

/** Quantised convolution 3 → 8, leaky, its mean and a quantised linear layer 8 → 4, of x [1, 3, 6, 6] in codes. */
function quantised(): Model {
  const random = seededRandom(5)
  const b = new GraphBuilder('quantised', 17)
  const codes = (name: string, ...shape: number[]) => {
    const count = shape.reduce((p, d) => p * d, 1)
    const values = Array.from({ length: count }, () => Math.round(255 * random.uniform()) - 127)
    return b.constant(name, tensorOf('int8', shape, values))
  }
  const scale = (name: string, value: number) => b.constant(name, tensorOf('float32', [], [value]))
  const zero = (name: string, value: number, type: 'uint8' | 'int8' = 'uint8') =>
    b.constant(name, tensorOf(type, [], [value]))
  const x = b.input('x', 'uint8', [1, 3, 6, 6])
  const [xs, xz, ys, yz] = [scale('xs', 0.0137), zero('xz', 128), scale('ys', 0.0411), zero('yz', 120)]
  const [ws, wz] = [scale('ws', 0.0091), zero('wz', 0, 'int8')]
  const domain = 'com.microsoft'
  const conv = b.node('QLinearConv', [x, xs, xz, codes('conv.weight', 8, 3, 3, 3), ws, wz, ys, yz])
  const leaky = b.node('QLinearLeakyRelu', [conv, ys, yz, ys, yz], { alpha: float(0.2) }, { domain })
  const mean = b.node('QLinearGlobalAveragePool', [leaky, ys, yz, ys, yz], {}, { domain })
  const flat = b.node('Flatten', [mean])
  const perColumn = b.constant('gs', tensorOf('float32', [4], [0.01, 0.02, 0.015, 0.0175]))
  const zeros = b.constant('gz', tensorOf('int8', [4], [0, 0, 0, 0]))
  b.output(
    b.node(
      'QGemm',
      [flat, ys, yz, codes('gemm.weight', 4, 8), perColumn, zeros, '', ys, yz],
      { transB: 1 },
      { domain, name: 'gemm' },
    ),
  )
  return b.model()
}

describe('quantised operators', () => {
  it('are counted', () => {
    const { totals, unsupported } = profileModel(quantised())
    expect(totals).toMatchObject({ macs: 16 * 27 * 8 + 32, params: 216 + 32 })
    expect(unsupported).toEqual([])
  })

  it('are cut as they are masked', async () => {
    const result = await pruneModel(quantised(), { criterion: 'l2', scope: { ratio: 0.5 } })
    const x = hostTensor(
      'uint8',
      [1, 3, 6, 6],
      Uint8Array.from({ length: 108 }, (_, i) => (89 * i) % 256),
    )
    const [masked, cut] = [result.masked!, result.model].map((m) => only(referenceRun(m, new Map([['x', x]]))))
    expect(cut).toEqual(masked)
    expect(new Set(cut).size).toBeGreaterThan(2)
    expect(result.model.graph.initializers.get('gemm.weight')?.shape).toEqual([4, 4])
  })
})

/** x [1, 3, 6, 6]; a fused convolution, one with a sum, a mean, a fused linear layer. */
function fused(): Model {
  const random = seededRandom(3)
  const b = new GraphBuilder('fused', 17)
  const weights = weightsFor(b, () => 0.5 * random.normal())
  const domain = 'com.microsoft'
  const x = b.input('x', 'float32', [1, 3, 6, 6])
  const pads = [1, 1, 1, 1]
  const first = b.node(
    'FusedConv',
    [x, weights('a.weight', 8, 3, 3, 3), weights('a.bias', 8)],
    { activation: 'Relu', pads },
    { domain, name: 'a' },
  )
  const second = b.node(
    'FusedConv',
    [first, weights('b.weight', 8, 8, 3, 3), weights('b.bias', 8), first],
    { activation: 'Relu', pads },
    { domain, name: 'b' },
  )
  const flat = b.node('Flatten', [b.node('GlobalAveragePool', [second])])
  b.output(
    b.node(
      'FusedGemm',
      [flat, weights('c.weight', 5, 8), weights('c.bias', 5)],
      { activation: 'LeakyRelu', activation_alpha: float(0.1), transB: 1 },
      { domain, name: 'c' },
    ),
  )
  return b.model()
}

const feeds = () => {
  const random = seededRandom(2)
  return new Map([
    [
      'x',
      hostTensor(
        'float32',
        [1, 3, 6, 6],
        Float32Array.from({ length: 108 }, () => random.normal()),
      ),
    ],
  ])
}

describe('fused operators', () => {
  it('are counted as what they stand for, the layers under their names', () => {
    const { layers, totals } = profileModel(fused())
    expect(layers.map((l) => `${l.op} ${l.name}`)).toEqual([
      'Conv a',
      'Relu a/Relu',
      'Conv b',
      'Add b/Add',
      'Relu b/Relu',
      'GlobalAveragePool GlobalAveragePool_0',
      'Flatten Flatten_1',
      'Gemm c',
      'LeakyRelu c/LeakyRelu',
    ])
    expect(totals).toMatchObject({
      macs: 36 * 9 * 8 * (3 + 8) + 40,
      params: 8 * 27 + 8 + 8 * 72 + 8 + 40 + 5,
    })
  })

  it('stay in a file that is only read and written', () => {
    const again = readModel(memorySource(modelBytes(fused()), 'again'))
    expect(again.graph.nodes.map((n) => n.opType)).toEqual([
      'FusedConv',
      'FusedConv',
      'GlobalAveragePool',
      'Flatten',
      'FusedGemm',
    ])
  })

  it('are cut as they are masked', async () => {
    const result = await pruneModel(fused(), { criterion: 'l2', scope: { ratio: 0.5 } })
    const [masked, cut] = [result.masked!, result.model].map((m) => only(referenceRun(m, feeds()))) as [
      Float32Array,
      Float32Array,
    ]
    expect(greatest(cut.map((v, i) => v - masked[i]!))).toBeLessThan(1e-6)
    expect(result.model.graph.initializers.get('a.weight')?.shape).toEqual([4, 3, 3, 3])
    expect(result.model.graph.initializers.get('c.weight')?.shape).toEqual([5, 4])
  })

  it('are swapped', async () => {
    const { model } = await rewriteModel(fused(), 'adder', {
      layers: { text: 'b', matches: (names) => names.includes('b') },
    })
    expect(model.graph.nodes.map((n) => n.opType).filter((op) => /Conv/.test(op))).toEqual(['Conv', 'AdderConv'])
  })

  it('refuse an activation that there is not', () => {
    const b = new GraphBuilder('odd', 17)
    const x = b.input('x', 'float32', [1, 1, 4, 4])
    const w = b.constant('w', tensorOf('float32', [1, 1, 1, 1], [1]))
    b.output(b.node('FusedConv', [x, w], { activation: 'Swoosh' }, { domain: 'com.microsoft', name: 'it' }))
    expect(() => profileModel(b.model())).toThrow(
      'FusedConv "it": there is no activation "Swoosh". There are Relu, Tanh, Sigmoid,',
    )
  })
})

describe('FusedMatMul', () => {
  it('makes neurons, and is cut as it is masked', async () => {
    const random = seededRandom(4)
    const b = new GraphBuilder('turned', 17)
    const weights = (name: string, ...shape: number[]) =>
      b.constant(
        name,
        tensorOf(
          'float32',
          shape,
          Array.from({ length: shape[0]! * shape[1]! }, () => random.normal()),
        ),
      )
    const domain = 'com.microsoft'
    const x = b.input('x', 'float32', [3, 6])
    const hidden = b.node('FusedMatMul', [x, weights('first', 8, 6)], { transB: 1 }, { domain })
    b.output(
      b.node('FusedMatMul', [b.node('Relu', [hidden]), weights('second', 8, 4)], { alpha: float(0.5) }, { domain }),
    )
    const result = await pruneModel(b.model(), { methods: ['neuron'], criterion: 'l2', scope: { ratio: 0.5 } })
    const values = Float32Array.from({ length: 18 }, () => random.normal())
    const feeds = new Map([['x', hostTensor('float32', [3, 6], values)]])
    const [masked, cut] = [result.masked!, result.model].map((m) => only(referenceRun(m, feeds))) as [
      Float32Array,
      Float32Array,
    ]
    expect(greatest(cut.map((v, i) => v - masked[i]!))).toBeLessThan(1e-6)
    expect(result.model.graph.initializers.get('first')?.shape).toEqual([4, 6])
    expect(result.model.graph.initializers.get('second')?.shape).toEqual([4, 4])
  })
})

describe('DynamicQuantizeLSTM', () => {
  /** @param perColumn a scale for each column, instead of one for all */
  const network = (perColumn: boolean): Model => {
    const b = new GraphBuilder('quantised', 17)
    const x = b.input('x', 'float32', [5, 1, 3])
    const codes = (name: string, rows: number) =>
      b.constant(
        name,
        tensorOf(
          'int8',
          [2, rows, 8],
          Array.from({ length: 16 * rows }, (_, i) => ((37 * i) % 255) - 127),
        ),
      )
    const shape = perColumn ? [2, 8] : [2]
    const count = perColumn ? 16 : 2
    const scale = (name: string) => b.constant(name, tensorOf('float32', shape, new Array(count).fill(0.01)))
    const zero = (name: string) => b.constant(name, tensorOf('int8', shape, new Array(count).fill(0)))
    const bias = b.constant(
      'b',
      tensorOf(
        'float32',
        [2, 16],
        Array.from({ length: 32 }, (_, i) => Math.sin(i)),
      ),
    )
    const inputs = [
      x,
      codes('w', 3),
      codes('r', 2),
      bias,
      '',
      '',
      '',
      '',
      scale('ws'),
      zero('wz'),
      scale('rs'),
      zero('rz'),
    ]
    b.output(
      b.node(
        'DynamicQuantizeLSTM',
        inputs,
        { hidden_size: 2, direction: 'bidirectional' },
        { domain: 'com.microsoft', outputs: ['y', 'h', 'c'] },
      ),
    )
    return b.model()
  }

  it.each([false, true])('is counted as LSTM, a scale per column: %s', (perColumn) => {
    const { totals, unsupported } = profileModel(network(perColumn))
    expect(totals.macs).toBe(5 * 2 * 8 * (3 + 2))
    expect(totals.params).toBe(2 * 8 * (3 + 2) + 32)
    expect(unsupported).toEqual([])
  })

  // onnxruntime 1.32 (x64quantprecision as above) on this model and x[i] = 0.9·sin(1 + 1.7·i); it also rounds x and the states to 8 bits.
  const fromOnnxRuntime = [
    0.1881, 0.045, -0.2984, -0.3034, -0.012, 0.1508, -0.2698, -0.2027, -0.4416, 0.3413, -0.063, -0.1079, -0.3227,
    0.3117, -0.0309, -0.1869, 0.33, 0.1834, -0.0576, -0.1192,
  ]

  it.each(backends)('gives on $name what ONNX Runtime gives, to its rounding of states', async ({ run }) => {
    const x = hostTensor(
      'float32',
      [5, 1, 3],
      Float32Array.from({ length: 15 }, (_, i) => 0.9 * Math.sin(1 + 1.7 * i)),
    )
    const y = only(await run(network(false), new Map([['x', x]])))
    expect(y.length).toBe(20)
    expect(greatest(y.map((v, i) => v - fromOnnxRuntime[i]!))).toBeLessThan(3e-3)
  })
})
