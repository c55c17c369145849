// Networks with recurrent layers: counted, run, cut and trained.

import { describe, expect, it } from 'vitest'
import { differentiate } from '../../src/autodiff/index.ts'
import { seededRandom } from '../../src/base/index.ts'
import { profileModel } from '../../src/cost/index.ts'
import { type AttributeValue, GraphBuilder, type Model } from '../../src/graph/index.ts'
import { pruneModel } from '../../src/prune/index.ts'
import { createSession, fromStored, type HostTensor, hostTensor, referenceRun } from '../../src/runtime/index.ts'
import { backends } from '../../src/testing/backends.ts'
import { caseArray, caseModel } from '../../src/testing/cases.ts'
import { describeShared } from '../../src/testing/shared.ts'
import { weightsFor } from '../../src/testing/weights.ts'

const totals = (model: Model) => {
  const { macs, params } = profileModel(model).totals
  return { macs, params }
}

describeShared('exported networks with recurrent layers', () => {
  it.each([
    ['reports/18-crnn-lstm', 146_016, 8051],
    ['reports/18b-conv1d-gru', 38_980, 1103],
    // 57,856 of the convolution and the linear layer, 16·2·(4·8·8 + 4·8·8) of the LSTM.
    ['real/lstm-tail', 74_240, 1528],
    ['real/prune-hides-what-is-not-counted', 548_864, 22_424],
  ])('%s: %i MACs, %i parameters', (path, macs, params) => {
    const profile = profileModel(caseModel(path))
    expect(profile.totals).toMatchObject({ macs, params })
    expect(profile.unsupported).toEqual([])
  })

  describe.each(['reports/18-crnn-lstm', 'reports/18b-conv1d-gru'])('%s', (path) => {
    it.each(backends)('gives on $name what PyTorch gives', async ({ run }) => {
      const model = caseModel(path)
      const [y] = [...(await run(model, new Map([['x', caseArray(path, 'in.x')]]))).values()]
      const expected = caseArray(path, 'torch.0')
      expect(y?.shape).toEqual(expected.shape)
      expected.data.forEach((v, i) => {
        expect(Math.abs((y?.data[i] as number) - (v as number))).toBeLessThan(2e-6)
      })
    })

    it('is done by kernels', async () => {
      const notices: string[] = []
      const session = await createSession(caseModel(path), { onNotice: (text) => notices.push(text) })
      session.dispose()
      expect(notices).toEqual([])
    })
  })
})

/** Convolution, recurrent layer, linear layer; x [2, 3, 5, 6], six steps of 8 channels, 4 units. */
function network(
  opType: 'LSTM' | 'GRU' | 'RNN',
  both: boolean,
  attributes: Record<string, AttributeValue> = {},
): Model {
  const random = seededRandom(11)
  const b = new GraphBuilder('recurrent', 17)
  const weights = weightsFor(b, () => 0.5 * random.normal())
  const x = b.input('x', 'float32', [2, 3, 5, 6])
  const conv = b.node('Conv', [x, weights('conv.weight', 8, 3, 3, 3), weights('conv.bias', 8)], { pads: [1, 1, 1, 1] })
  const columns = b.node('ReduceMean', [b.node('Relu', [conv])], { axes: [2], keepdims: 0 })
  const steps = b.node('Transpose', [columns], { perm: [2, 0, 1] })
  const gates = { LSTM: 4, GRU: 3, RNN: 1 }[opType]
  const directions = both ? 2 : 1
  const stored = [
    weights('W', directions, gates * 4, 8),
    weights('R', directions, gates * 4, 4),
    weights('B', directions, 2 * gates * 4),
  ]
  const y = b.node(
    opType,
    [steps, ...stored],
    { hidden_size: 4, direction: both ? 'bidirectional' : 'forward', ...attributes },
    { name: 'recurrent', outputs: ['states'] },
  )
  const joined = b.node('Transpose', [y], { perm: [0, 2, 1, 3] })
  const flat = b.node('Reshape', [joined, b.ints('flat', [0, 0, -1])])
  b.output(b.node('MatMul', [flat, weights('head.weight', directions * 4, 3)], {}, { name: 'head' }))
  return b.model()
}

const feeds = () => {
  const random = seededRandom(2)
  return new Map([
    [
      'x',
      hostTensor(
        'float32',
        [2, 3, 5, 6],
        Float32Array.from({ length: 180 }, () => random.normal()),
      ),
    ],
  ])
}

/** Shapes of the weights that are there. */
const shapesOf = (model: Model) =>
  Object.fromEntries(
    ['conv.weight', 'W', 'R', 'B', 'head.weight'].map((name) => [name, model.graph.initializers.get(name)?.shape]),
  )

describe.each([
  ['LSTM', false, 4],
  ['LSTM', true, 4],
  ['GRU', true, 3],
  ['RNN', false, 1],
] as const)('a network with %s, both ways: %s', (opType, both, gates) => {
  const directions = both ? 2 : 1
  const model = () => network(opType, both)

  it('counts steps × samples × directions × (W + R), and W, R and B as parameters', () => {
    const conv = 2 * 30 * 27 * 8
    const recurrent = 6 * 2 * directions * gates * 4 * (8 + 4)
    const head = 6 * 2 * directions * 4 * 3
    const params = 216 + 8 + directions * gates * 4 * (8 + 4 + 2) + directions * 12
    expect(totals(model())).toEqual({ macs: conv + recurrent + head, params })
  })

  it.each(['filter', 'neuron'] as const)('is cut as it is masked: %s', async (method) => {
    const result = await pruneModel(model(), { methods: [method], criterion: 'l2', scope: { ratio: 0.5 } })
    const [masked, cut] = [result.masked!, result.model].map(
      (m) => [...referenceRun(m, feeds()).values()][0]?.data as Float32Array,
    ) as [Float32Array, Float32Array]
    expect(Math.max(...cut.map((v, i) => Math.abs(v - masked[i]!)))).toBeLessThan(1e-6)
    expect(shapesOf(result.model)).toEqual(
      method === 'filter'
        ? {
            'conv.weight': [4, 3, 3, 3],
            W: [directions, gates * 4, 4],
            R: [directions, gates * 4, 4],
            B: [directions, 2 * gates * 4],
            'head.weight': [directions * 4, 3],
          }
        : {
            'conv.weight': [8, 3, 3, 3],
            W: [directions, gates * 2, 8],
            R: [directions, gates * 2, 2],
            B: [directions, 2 * gates * 2],
            'head.weight': [directions * 2, 3],
          },
    )
  })
})

describe('gradients of a network with recurrent layers', () => {
  it('are the same by kernels, and pass to the convolution before the layer', async () => {
    const model = network('LSTM', true)
    const { graph } = model
    const [y] = graph.outputs.map(({ name }) => name) as [string]
    const loss = { name: 'loss', opType: 'ReduceMean', domain: '', inputs: [y], outputs: ['loss'] }
    const attributes = new Map([['keepdims', { kind: 'int', value: 0 } as const]])
    const wanted = ['conv.weight', 'W', 'R', 'B']
    const initializers = new Map([...graph.initializers].filter(([name]) => !wanted.includes(name)))
    const inputs = wanted.map((name) => {
      const { elementType, shape } = graph.initializers.get(name)!
      return { name, type: { kind: 'tensor', elementType, shape } as const }
    })
    const trained: Model = {
      ...model,
      graph: {
        ...graph,
        inputs: [...graph.inputs, ...inputs],
        initializers,
        nodes: [...graph.nodes, { ...loss, attributes }],
      },
    }
    const fed: Map<string, HostTensor> = new Map(feeds())
    for (const name of wanted) fed.set(name, fromStored(graph.initializers.get(name)!))
    const shapes = new Map([...fed].map(([name, t]) => [name, t.shape]))
    const { model: backwards, gradients } = differentiate(trained, 'loss', wanted, shapes)
    const outputs = [...gradients.values()].map((name) => ({ name, type: undefined }))
    const asked = { ...backwards, graph: { ...backwards.graph, outputs } }
    const [reference, wasm] = await Promise.all(backends.map(({ run }) => run(asked, fed)))
    for (const { name } of outputs) {
      const [a, b] = [reference, wasm].map((r) => r?.get(name)?.data as Float32Array) as [Float32Array, Float32Array]
      const size = Math.max(...a.map(Math.abs))
      expect(size).toBeGreaterThan(1e-4)
      expect(Math.max(...a.map((v, i) => Math.abs(v - b[i]!))) / size).toBeLessThan(1e-5)
    }
  })
})
