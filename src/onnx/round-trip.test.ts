import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { TensorProto_DataType as D, ModelProtoSchema } from 'onnx-buf'
import { describe, expect, it } from 'vitest'
import { editGraph, GraphBuilder, keepIndices, type Model, tensorOf, tensorValues } from '../graph/index.ts'
import { canonicalModel } from '../testing/canonical.ts'
import { largeWeights, sampleBytes, sampleModel, tensorType } from '../testing/sample-model.ts'
import { encodeModel, modelBytes, readModel } from './index.ts'

const rewritten = (bytes: Uint8Array): Uint8Array => modelBytes(readModel(bytes))

describe('a model read and written', () => {
  it('is the same, in every part that onnx.proto knows and those it does not', () => {
    const bytes = sampleBytes()
    expect(canonicalModel(rewritten(bytes))).toEqual(canonicalModel(bytes))
  })

  it('is the same bytes when written a second time', () => {
    const once = rewritten(sampleBytes())
    expect(rewritten(once)).toEqual(once)
  })

  it('may name operators as objects of JavaScript name what they have', () => {
    const b = new GraphBuilder('odd')
    for (const name of ['constructor', 'toString', '__proto__']) b.output(b.node(name, [], {}, { name }))
    const opTypes = (model: Model) => model.graph.nodes.map(({ opType }) => opType)
    expect(opTypes(readModel(modelBytes(b.model())))).toEqual(['constructor', 'toString', '__proto__'])
  })

  it('is compared by something that sees a difference', () => {
    const other = sampleModel()
    other.graph!.node[0]!.attribute[4]!.t!.rawData = largeWeights.map((b, i) => (i === 1199 ? b ^ 1 : b))
    expect(canonicalModel(toBinary(ModelProtoSchema, other))).not.toEqual(canonicalModel(sampleBytes()))
  })

  it('keeps fields in another order, in pieces and unpacked', () => {
    // Two graph fields are one graph, in two pieces (protobuf's rule for repeated singular messages).
    const head = { irVersion: 8n, opsetImport: [{ domain: '', version: 17n }] }
    const first = { name: 'pieces', node: [{ opType: 'Relu', input: ['w'], output: ['y'] }], output: [{ name: 'y' }] }
    const second = { initializer: [{ name: 'w', dims: [3n], dataType: D.FLOAT, floatData: [1, 2, 3] }] }
    const part = (m: object) => toBinary(ModelProtoSchema, create(ModelProtoSchema, m))
    const bytes = Uint8Array.from([...part({ graph: second }), ...part({ graph: first }), ...part(head)])
    const model = readModel(bytes)
    expect(model.graph.name).toBe('pieces')
    expect([...tensorValues(model.graph.initializers.get('w')!)]).toEqual([1, 2, 3])
    expect(canonicalModel(modelBytes(model))).toEqual(canonicalModel(bytes))
  })
})

describe('what the IR shows of a file', () => {
  const model = readModel(sampleBytes())

  it('model and opsets', () => {
    expect(model.irVersion).toBe(13)
    expect([...model.opsetImports]).toEqual([
      ['', 25],
      ['org.sample', 3],
    ])
    expect(model.modelVersion).toBe(2n ** 60n + 1n)
    expect(model.metadata).toEqual(
      new Map([
        ['author', 'nobody'],
        ['empty', ''],
      ]),
    )
    expect(model.functions.map((f) => [f.domain, f.name, f.overload, f.attributes, [...f.defaults.keys()]])).toEqual([
      ['org.sample', 'Scale', 'fast', ['factor'], ['offset']],
    ])
  })

  it('types of values', () => {
    const types = Object.fromEntries(model.graph.inputs.map((i) => [i.name, i.type]))
    expect(types.x).toEqual({ kind: 'tensor', elementType: 'float32', shape: ['N', 3, '', 4] })
    expect(types.flag).toEqual({ kind: 'tensor', elementType: 'bool', shape: [] })
    expect(types.no_rank).toEqual({ kind: 'tensor', elementType: 'float32', shape: undefined })
    expect(types.no_type).toBeUndefined()
    expect(types.open).toBeUndefined()
    for (const name of ['list', 'maybe', 'table', 'thin']) expect(types[name]).toEqual({ kind: 'other' })
  })

  it('attributes by kind', () => {
    const attributes = model.graph.nodes[0]!.attributes
    const value = (name: string) => {
      const a = attributes.get(name)!
      return 'value' in a ? a.value : undefined
    }
    expect(value('f')).toBe(Math.fround(0.1))
    expect(value('i')).toBe(2n ** 63n - 1n)
    expect(value('s')).toBe('\ufeffnaïve')
    expect(value('raw')).toEqual(Uint8Array.of(0xc3, 0x28))
    expect(value('is')).toEqual([-1, 0, -(2n ** 63n)])
    expect(value('ss')).toEqual(['a', Uint8Array.of(0x80), ''])
    expect(value('empty')).toEqual([])
    expect(['tp', 'tps'].map((n) => attributes.get(n)!.kind)).toEqual(['other', 'other'])
    const sparse = attributes.get('st')!
    expect(sparse.kind === 'tensor' && [...tensorValues(sparse.value)]).toEqual([0, 0, 0, 1])
    const reference = model.functions[0]!.nodes[0]!.attributes.get('value_float')!
    expect(reference).toMatchObject({ kind: 'reference', name: 'factor' })
  })

  it('a sparse initializer as a dense tensor', () => {
    const sparse = model.graph.initializers.get('sparse')!
    expect(sparse.shape).toEqual([3, 4])
    expect([...tensorValues(sparse)]).toEqual([0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, -7])
  })

  it('ai.onnx as the standard domain', () => {
    const proto = sampleModel()
    proto.opsetImport[0]!.domain = 'ai.onnx'
    proto.graph!.node[3]!.domain = 'ai.onnx'
    const read = readModel(toBinary(ModelProtoSchema, proto))
    expect(read.opsetImports.get('')).toBe(25)
    expect(read.graph.nodes[3]!.domain).toBe('')
  })
})

describe('a changed model', () => {
  const decoded = (model: Model) => fromBinary(ModelProtoSchema, modelBytes(model))

  it('has its new dimensions, and the denotations of the old', () => {
    const model = readModel(sampleBytes())
    const [x, ...others] = model.graph.inputs
    const graph = {
      ...model.graph,
      inputs: [
        { ...x!, type: { kind: 'tensor' as const, elementType: 'float16' as const, shape: [8, 3, '?7', 4] } },
        ...others,
      ],
    }
    const input = decoded({ ...model, graph }).graph!.input[0]!
    const wanted = tensorType(D.FLOAT16, [8, 3, '', 4])
    wanted.denotation = 'IMAGE'
    if (wanted.value.case === 'tensorType') wanted.value.value.shape!.dim[0]!.denotation = 'DATA_BATCH'
    expect(input.type).toEqual(wanted)
    expect(input.metadataProps.map((p) => p.key)).toEqual(['layout'])
  })

  it('has its new weights, and keeps nothing of the sparse form', () => {
    const editor = editGraph(readModel(sampleBytes()))
    const { initializers } = editor
    editor.set('w', keepIndices(initializers.get('w')!, new Map([[1, [149, 0]]])))
    editor.set('sparse', keepIndices(initializers.get('sparse')!, new Map([[0, [0, 2]]])))
    const proto = decoded(editor.model())
    const w = proto.graph!.initializer.find((t) => t.name === 'w')!
    expect(w.dims).toEqual([2n, 2n])
    const row = (at: number) => [...largeWeights.subarray(at, at + 4)]
    expect([...w.rawData]).toEqual([...row(596), ...row(0), ...row(1196), ...row(600)])
    expect(proto.graph!.sparseInitializer).toEqual([])
    const dense = proto.graph!.initializer.find((t) => t.name === 'sparse')!
    expect([...new Float32Array(dense.rawData.slice().buffer)]).toEqual([0, 5, 0, 0, 0, 0, 0, -7])
  })

  it('is written from its plain fields where nothing was kept', () => {
    const b = new GraphBuilder('built', 13)
    const x = b.input('x', 'float32', ['N', 2])
    b.output(
      b.node('Gemm', [x, b.constant('w', tensorOf('float32', [3, 2], [1, 2, 3, 4, 5, 6]))], { transB: 1, alpha: 0.5 }),
    )
    const model = b.model()
    const proto = decoded(model)
    expect(proto.graph!.node[0]).toMatchObject({ opType: 'Gemm', input: ['x', 'w'] })
    expect(proto.graph!.node[0]!.attribute.map((a) => [a.name, a.type, a.i, a.f])).toEqual([
      ['transB', 2, 1n, 0],
      ['alpha', 1, 0n, 0.5],
    ])
    expect(canonicalModel(modelBytes(readModel(modelBytes(model))))).toEqual(canonicalModel(modelBytes(model)))
  })

  it('is refused when a tensor and its data disagree', () => {
    const b = new GraphBuilder('wrong')
    b.output(b.node('Relu', [b.constant('w', { ...tensorOf('float32', [2], [1, 2]), shape: [3] })]))
    expect(() => encodeModel(b.model())).toThrow(
      /Initializer "w" float32 \[3\] cannot be written: its shape needs 12, its data have 8/,
    )
  })
})
