import { create, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { ModelProtoSchema } from 'onnx-buf'
import { describe, expect, it } from 'vitest'
import { KerfError, seededRandom } from '../base/index.ts'
import { sampleBytes } from '../testing/sample-model.ts'
import { modelBytes, readModel } from './index.ts'

/** The error's code and text; 'read' when there is none. Anything but an error of ours fails the test. */
function outcome(bytes: Uint8Array): string {
  try {
    // Weights are read too: what is wrong with them may only show then.
    modelBytes(readModel(bytes))
    return 'read'
  } catch (error) {
    if (!(error instanceof KerfError)) throw error
    expect(error.message.length).toBeLessThan(600)
    return `${error.code}: ${error.message}`
  }
}

const text = (t: string) => new TextEncoder().encode(t)

describe('what is no ONNX model', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /^not-onnx: model\.onnx is empty\. /],
    [
      'a PNG',
      Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 1, 0),
      /^not-onnx: .*looks like a PNG image/,
    ],
    [
      'a ZIP',
      Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 0, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8),
      /^not-onnx: .*ZIP archive.*Unpack it, or export/,
    ],
    ['JSON', text('{"layers": [1, 2, 3]}'), /^not-onnx: .*looks like JSON/],
    ['text', text('hello, I am a README file\nof some length'), /^not-onnx: .*looks like text.*Give an \.onnx file/],
    [
      'TensorFlow Lite',
      Uint8Array.of(28, 0, 0, 0, 0x54, 0x46, 0x4c, 0x33, 20, 0, 32, 0, 4, 0, 8, 0, 12, 0),
      /^not-onnx: .*TensorFlow Lite.*tf2onnx/,
    ],
    ['HDF5', Uint8Array.of(0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10, 0, 0, 0, 0), /^not-onnx: .*Keras/],
    [
      'a Git LFS pointer',
      text('version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 9\n'),
      /^not-onnx: .*git lfs pull/,
    ],
    ['zeros', new Uint8Array(100), /^not-onnx: /],
    ['ones', new Uint8Array(100).fill(255), /^not-onnx: /],
    // A TensorProto, as in ONNX's test data: dims [2], element type 1, name.
    ['a tensor file', Uint8Array.of(8, 2, 16, 1, 66, 1, 120, 74, 8, 0, 0, 0, 0, 0, 0, 0, 0), /^not-onnx: /],
  ])('%s', (_, bytes, message) => {
    expect(outcome(bytes)).toMatch(message)
  })
})

describe('what is damaged', () => {
  const bytes = sampleBytes()

  it('no graph', () => {
    const proto = create(ModelProtoSchema, { irVersion: 8n, opsetImport: [{ domain: '', version: 17n }] })
    expect(outcome(toBinary(ModelProtoSchema, proto))).toMatch(
      /^truncated: model\.onnx is not complete: it has no graph/,
    )
  })

  it('no operator set', () => {
    const proto = create(ModelProtoSchema, { irVersion: 8n, graph: { name: 'g' } })
    expect(outcome(toBinary(ModelProtoSchema, proto))).toMatch(/^truncated: .*it names no operator set/)
  })

  it('cut anywhere: an error that says so, or what is left is whole', () => {
    const counts = new Map<string, number>()
    for (let length = 1; length < bytes.length; length++) {
      const code = outcome(bytes.subarray(0, length)).split(':')[0]!
      counts.set(code, (counts.get(code) ?? 0) + 1)
    }
    // Whole are only the cuts between the last fields of the model, after its graph and its operator sets.
    expect([...counts.keys()].sort()).toEqual(['read', 'truncated'])
    expect(counts.get('read')).toBeLessThan(10)
  })

  it('a model nested into itself a thousand times', () => {
    let inner = new Uint8Array(0)
    const wrap = (field: number, body: Uint8Array) =>
      new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(body).finish()
    // graph > node > attribute > graph …
    for (let i = 0; i < 1000; i++) inner = wrap(1, wrap(5, wrap(6, inner)))
    expect(outcome(Uint8Array.of(8, 8, ...wrap(7, inner)))).toMatch(/^damaged: .*nested more than 100 deep/)
  })

  it('bytes changed at random: an error of ours, or a model', () => {
    const random = seededRandom(20)
    const codes = new Set<string>()
    for (let round = 0; round < 1500; round++) {
      const changed = bytes.slice()
      for (let n = 1 + random.below(4); n > 0; n--) changed[random.below(changed.length)] = random.below(256)
      codes.add(outcome(changed).split(':')[0]!)
    }
    for (const code of ['read', 'damaged', 'truncated', 'unsupported-element-type', 'wrong-length', 'invalid-graph'])
      expect(codes).toContain(code)
  })

  it('bytes put in and taken out at random', () => {
    const random = seededRandom(21)
    for (let round = 0; round < 1000; round++) {
      const at = random.below(bytes.length)
      const extra = Uint8Array.from({ length: random.below(6) }, () => random.below(256))
      outcome(Uint8Array.from([...bytes.subarray(0, at), ...extra, ...bytes.subarray(at + random.below(6))]))
    }
  })

  it('bytes at random', () => {
    const random = seededRandom(22)
    for (let round = 0; round < 3000; round++)
      outcome(Uint8Array.from({ length: 1 + random.below(60) }, () => random.below(256)))
    // The same after a beginning as models have it, so that the graph is entered.
    for (let round = 0; round < 3000; round++) {
      const body = Uint8Array.from({ length: 1 + random.below(100) }, () => random.below(round % 2 ? 64 : 256))
      outcome(Uint8Array.of(8, 8, 0x3a, body.length, ...body, 0x42, 2, 0x10, 17))
    }
  })
})

describe('what contradicts itself', () => {
  const graph = (fields: object) =>
    toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        irVersion: 8n,
        opsetImport: [{ domain: '', version: 17n }],
        graph: { name: 'g', ...fields },
      }),
    )
  it.each<[string, Uint8Array, RegExp]>([
    [
      'two initializers of one name',
      graph({ initializer: [0, 1].map(() => ({ name: 'w', dims: [0n], dataType: 1 })) }),
      /^invalid-graph: Graph "g" has two initializers named "w"/,
    ],
    [
      'an initializer without a name, which inputs that are left out would find',
      graph({ initializer: [{ dims: [0n], dataType: 1 }] }),
      /^invalid-graph: The graph defines a value without a name \(as an initializer\)/,
    ],
    [
      'an input without a name',
      graph({ input: [{ name: 'x' }, { name: '' }] }),
      /^invalid-graph: The graph defines a value without a name \(as an input\)/,
    ],
    [
      'an input of a body without a name',
      graph({ node: [{ opType: 'Loop', name: 'l', attribute: [{ name: 'body', type: 5, g: { input: [{}] } }] }] }),
      /^invalid-graph: The body of Loop "l" defines a value without a name \(as an input\)/,
    ],
    [
      'two attributes of one name',
      graph({ node: [{ opType: 'Relu', name: 'r', attribute: [0, 1].map(() => ({ name: 'a', type: 2, i: 1n })) }] }),
      /^invalid-graph: Relu "r" has the attribute a twice/,
    ],
    [
      'an attribute that is two things',
      graph({
        node: [
          {
            opType: 'Relu',
            name: 'r',
            attribute: [{ name: 'a', type: 2, i: 1n, t: { dims: [], dataType: 1, floatData: [1] } }],
          },
        ],
      }),
      /^damaged: Attribute a of Relu "r" has type int, and holds something else besides/,
    ],
    [
      'a tensor attribute without tensor',
      graph({ node: [{ opType: 'Constant', name: 'c', attribute: [{ name: 'value', type: 4 }] }] }),
      /^damaged: Attribute value of Constant "c" is empty/,
    ],
    [
      'a value of an unknown type',
      graph({ input: [{ name: 'x', type: { value: { case: 'tensorType', value: { elemType: 77 } } } }] }),
      /^unsupported-element-type: Graph input "x" has the element type number 77/,
    ],
    [
      'a sparse tensor whose indices lie outside',
      graph({
        sparseInitializer: [
          {
            dims: [2n],
            values: { name: 's', dims: [1n], dataType: 1, floatData: [1] },
            indices: { dims: [1n, 2n], dataType: 7, int64Data: [0n, 1n] },
          },
        ],
      }),
      /^wrong-shape: Initializer "s" is sparse/,
    ],
    [
      'a negative dimension',
      graph({
        input: [
          {
            name: 'x',
            type: {
              value: {
                case: 'tensorType',
                value: { elemType: 1, shape: { dim: [{ value: { case: 'dimValue', value: -3n } }] } },
              },
            },
          },
        ],
      }),
      /^invalid-graph: input "x" has the impossible dimension -3/,
    ],
    [
      'a dangling input',
      graph({ node: [{ opType: 'Relu', name: 'r', input: ['nobody'], output: ['y'] }] }),
      /^invalid-graph: Relu "r" reads "nobody"/,
    ],
  ])('%s', (_, bytes, message) => {
    expect(outcome(bytes)).toMatch(message)
  })
})
