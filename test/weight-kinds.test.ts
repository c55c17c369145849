// Files hold weights in many ways. Whoever reads weights reads them all, and gives what it gives for initializers.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
} from 'onnx-buf'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../src/base/index.ts'
import { profileModel } from '../src/cost/index.ts'
import {
  analyse,
  GraphBuilder,
  type Model,
  type Tensor,
  tensorOf,
  tensorValues,
  validated,
} from '../src/graph/index.ts'
import { modelBytes, readModel } from '../src/onnx/index.ts'
import { operators } from '../src/ops/index.ts'
import { type PruneOptions, pruneModel } from '../src/prune/index.ts'
import { quantizeAdderLayers } from '../src/quantize/index.ts'
import { measureStatistics, rewriteModel } from '../src/rewrite/index.ts'
import { createSession, hostTensor } from '../src/runtime/index.ts'
import { trainingGraph } from '../src/train/index.ts'

type Store = (b: GraphBuilder, name: string, tensor: Tensor) => string

const values = (t: Tensor) => Array.from(tensorValues(t))
const constant: Store = (b, name, tensor) => b.node('Constant', [], { value: tensor }, { name, outputs: [name] })

const kinds: Record<string, Store> = {
  initializer: (b, name, tensor) => b.constant(name, tensor),
  'initializer listed as input': (b, name, tensor) =>
    b.constant(b.input(name, tensor.elementType, tensor.shape), tensor),
  Constant: constant,
  'Constant of floats where there is one axis': (b, name, tensor) =>
    tensor.shape.length === 1
      ? b.node('Constant', [], { value_floats: { kind: 'floats', value: values(tensor) } }, { outputs: [name] })
      : constant(b, name, tensor),
  'Identity of an initializer': (b, name, tensor) => b.node('Identity', [b.constant(name, tensor)]),
  'Identity of a Constant': (b, name, tensor) => b.node('Identity', [constant(b, name, tensor)]),
  'result of nodes': (b, name, tensor) => {
    const moved = tensorOf(
      'float32',
      tensor.shape,
      values(tensor).map((v) => v - 1),
    )
    return b.node('Add', [b.constant(name, moved), b.constant(`${name}.one`, tensorOf('float32', [1], [1]))])
  },
}

/** x [2,3,8,8] → c1 (8) → bn → relu → c2 (8, bias) → relu → c3 (6) → mean → fc (5). Weights are multiples of 1/64: nothing is rounded. */
function network(store: Store, convolution = { opType: 'Conv', domain: '' }): Model {
  const random = seededRandom(3)
  const b = new GraphBuilder('kinds', 13)
  const tensor = (...shape: number[]) =>
    tensorOf(
      'float32',
      shape,
      Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, () => Math.round(16 * random.normal()) / 64),
    )
  const weight = (name: string, ...shape: number[]) => store(b, name, tensor(...shape))
  const conv = (name: string, x: string, w: string, ...bias: string[]) =>
    b.node(convolution.opType, [x, w, ...bias], { pads: [1, 1, 1, 1] }, { name, domain: convolution.domain })
  const relu = (x: string) => b.node('Relu', [x])
  const x = b.input('x', 'float32', [2, 3, 8, 8])
  const c1 = conv('c1', x, weight('c1.w', 8, 3, 3, 3))
  const positive = store(b, 'var', tensorOf('float32', [8], [1, 2, 3, 4, 1, 2, 3, 4]))
  const bn = b.node(
    'BatchNormalization',
    [c1, weight('g', 8), weight('h', 8), weight('mean', 8), positive],
    {},
    { name: 'bn' },
  )
  const c2 = conv('c2', relu(bn), weight('c2.w', 8, 8, 3, 3), weight('c2.b', 8))
  const c3 = conv('c3', relu(c2), weight('c3.w', 6, 8, 3, 3))
  const mean = b.node('Flatten', [b.node('GlobalAveragePool', [relu(c3)])])
  b.output(
    b.node('Gemm', [mean, weight('fc.w', 5, 6), weight('fc.b', 5)], { transB: 1 }, { name: 'fc', outputs: ['y'] }),
  )
  return { ...b.model(), irVersion: 3 }
}

const images = Float32Array.from({ length: 2 * 3 * 64 }, seededRandom(5).normal)

async function outputs(model: Model): Promise<number[]> {
  const session = await createSession(validated(model))
  const { y } = await session.run({ x: hostTensor('float32', [2, 3, 8, 8], images) })
  session.dispose()
  return Array.from(y?.data as Float32Array)
}

const close = (got: readonly number[], expected: readonly number[]) => {
  expect(got).toHaveLength(expected.length)
  got.forEach((v, i) => {
    expect(v).toBeCloseTo(expected[i]!, 5)
  })
}

const prunings: [string, PruneOptions][] = [
  ['filters and neurons', { methods: ['filter', 'neuron'], scope: { ratio: 0.5 } }],
  ['inputs', { methods: ['input'], scope: { ratio: 0.5 } }],
  ['weights', { methods: ['weight'], scope: { ratio: 0.5 } }],
]

describe.each(Object.entries(kinds))('weights as %s', (_, store) => {
  const given = network(store)
  const plain = network(kinds.initializer!)

  it('give what the initializers give', async () => close(await outputs(given), await outputs(plain)))

  it.each(prunings)('lose %s', async (_name, options) => {
    const [own, expected] = [await pruneModel(given, options), await pruneModel(plain, options)]
    expect(own.groups.map((g) => [g.name, g.channels, g.kept])).toEqual(
      expected.groups.map((g) => [g.name, g.channels, g.kept]),
    )
    expect(own.after.macs).toBe(expected.after.macs)
    close(await outputs(own.model), await outputs(expected.model))
    if (own.masked) close(await outputs(own.masked), await outputs(own.model))
  })

  it('are swapped, and statistics measured', async () => {
    const swap = async (model: Model) => {
      const swapped = await rewriteModel(model, 'adder', { settings: { keepWeights: true } })
      const measured = await measureStatistics(swapped.model, { shape: [2, 3, 8, 8], data: images })
      return { swapped, result: await outputs(measured) }
    }
    const [own, expected] = [await swap(given), await swap(plain)]
    const told = ({ swapped }: Awaited<ReturnType<typeof swap>>['swapped']) =>
      swapped.map(({ parameters, ...layer }) => ({ ...layer, parameters: parameters.map((p) => [p.shape, p.from]) }))
    expect(told(own.swapped)).toEqual(told(expected.swapped))
    expect(own.swapped.kept).toEqual(expected.swapped.kept)
    close(own.result, expected.result)
  })

  it('are quantised', () => {
    const quantised = (kind: Store) => {
      const model = network(kind, { opType: 'AdderConv', domain: 'ai.kerf' })
      const adders = model.graph.nodes.filter((n) => n.opType === 'AdderConv')
      return quantizeAdderLayers(analyse(model, operators), new Map(adders.map((n) => [n, { lo: -1, hi: 2 }])), 8)
        .layers
    }
    expect(quantised(store)).toEqual(quantised(kinds.initializer!))
  })

  it('are learnt and counted', () => {
    const shapes = (model: Model) =>
      trainingGraph(model, { imageShape: [2, 3, 8, 8], classes: 5 })
        .weights.map((w) => w.shape.join('×'))
        .filter((s) => s !== '1')
        .sort()
    expect(shapes(given)).toEqual(shapes(plain))
    const { macs, params } = profileModel(given).totals
    const { totals } = profileModel(plain)
    expect(macs).toBe(totals.macs)
    // What a sum of two constants takes is one more number each.
    expect(params - totals.params).toBeLessThanOrEqual(0)
  })
})

/** The network with its weights in Constant nodes, each as a list of elements and where they lie. */
function withSparseConstants(): Model {
  const proto = fromBinary(ModelProtoSchema, modelBytes(network(constant)))
  for (const node of proto.graph?.node ?? []) {
    const dense = node.opType === 'Constant' ? node.attribute[0]?.t : undefined
    if (!dense) continue
    const all = new Float32Array(dense.rawData.slice().buffer)
    const at = [...all.keys()].filter((i) => all[i] !== 0)
    const dims = [BigInt(at.length)]
    node.attribute = [
      create(AttributeProtoSchema, {
        name: 'sparse_value',
        type: AttributeType.SPARSE_TENSOR,
        sparseTensor: {
          dims: dense.dims,
          values: { dims, dataType: DataType.FLOAT, floatData: at.map((i) => all[i]!) },
          indices: { dims, dataType: DataType.INT64, int64Data: at.map(BigInt) },
        },
      }),
    ]
  }
  return readModel(toBinary(ModelProtoSchema, proto))
}

describe('weights in sparse Constants', () => {
  const plain = network(kinds.initializer!)
  const sparse = withSparseConstants()

  it('are read, counted and cut as dense ones', async () => {
    close(await outputs(sparse), await outputs(plain))
    expect(profileModel(sparse).totals).toMatchObject({ ...profileModel(plain).totals, nonZeroParams: null })
    for (const [, options] of prunings) {
      const [own, expected] = [await pruneModel(sparse, options), await pruneModel(plain, options)]
      expect(own.after.macs).toBe(expected.after.macs)
      close(await outputs(readModel(modelBytes(own.model))), await outputs(expected.model))
    }
  })

  it('stay sparse in the file where nothing changes them', () => {
    const attributes = (model: Model) =>
      fromBinary(ModelProtoSchema, modelBytes(model)).graph?.node.flatMap((n) => n.attribute.map((a) => a.type))
    expect(attributes(readModel(modelBytes(sparse)))).toEqual(attributes(sparse))
    expect(attributes(sparse)).toContain(AttributeType.SPARSE_TENSOR)
  })
})
