import { create, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { TensorProto_DataType as D, ModelProtoSchema, type TensorProto, TensorProtoSchema } from 'onnx-buf'
import { describe, expect, it } from 'vitest'
import { type ElementType, elementTypes } from '../base/index.ts'
import { type Tensor, tensorValues } from '../graph/index.ts'
import { type ByteSource, memorySource, modelBytes, readModel } from './index.ts'

type Fields = Partial<Omit<TensorProto, '$typeName' | '$unknown'>>

/** A model around one encoded initializer. */
function modelAround(tensor: Uint8Array): Uint8Array {
  const graph = new BinaryWriter().tag(5, WireType.LengthDelimited).bytes(tensor).finish()
  return new BinaryWriter()
    .raw(
      toBinary(
        ModelProtoSchema,
        create(ModelProtoSchema, { irVersion: 8n, opsetImport: [{ domain: '', version: 17n }] }),
      ),
    )
    .tag(7, WireType.LengthDelimited)
    .bytes(graph)
    .finish()
}

const modelWith = (fields: Fields): Uint8Array =>
  modelAround(toBinary(TensorProtoSchema, create(TensorProtoSchema, { name: 'w', ...fields } as Fields)))

const read = (bytes: Uint8Array | ByteSource): Tensor => readModel(bytes).graph.initializers.get('w')!
const bytesOf = (bytes: Uint8Array): number[] => [...read(bytes).data.bytes()]

describe('typed fields become raw bytes', () => {
  const cases: [string, Fields, number[]][] = [
    ['float32', { dataType: D.FLOAT, dims: [2n], floatData: [1, -2] }, [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]],
    ['float64', { dataType: D.DOUBLE, dims: [1n], doubleData: [-2] }, [0, 0, 0, 0, 0, 0, 0, 0xc0]],
    ['complex64', { dataType: D.COMPLEX64, dims: [1n], floatData: [1, -2] }, [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]],
    ['int32', { dataType: D.INT32, dims: [2n], int32Data: [-2, 0x01020304] }, [0xfe, 0xff, 0xff, 0xff, 4, 3, 2, 1]],
    ['int16', { dataType: D.INT16, dims: [2n], int32Data: [-2, 258] }, [0xfe, 0xff, 2, 1]],
    ['uint16', { dataType: D.UINT16, dims: [1n], int32Data: [0xfffe] }, [0xfe, 0xff]],
    ['int8', { dataType: D.INT8, dims: [3n], int32Data: [-1, -128, 127] }, [0xff, 0x80, 0x7f]],
    ['uint8', { dataType: D.UINT8, dims: [2n], int32Data: [255, 0] }, [0xff, 0]],
    ['bool', { dataType: D.BOOL, dims: [2n], int32Data: [1, 0] }, [1, 0]],
    ['float16', { dataType: D.FLOAT16, dims: [2n], int32Data: [0x3c00, 0xc000] }, [0, 0x3c, 0, 0xc0]],
    ['bfloat16', { dataType: D.BFLOAT16, dims: [1n], int32Data: [0x3f80] }, [0x80, 0x3f]],
    ['float8e4m3fn', { dataType: D.FLOAT8E4M3FN, dims: [2n], int32Data: [0x38, 0xb8] }, [0x38, 0xb8]],
    ['int4: two in a number', { dataType: D.INT4, dims: [3n], int32Data: [0x21, 0x0f] }, [0x21, 0x0f]],
    ['uint2: four in a number', { dataType: D.UINT2, dims: [5n], int32Data: [0xe4, 0x01] }, [0xe4, 0x01]],
    [
      'int64',
      { dataType: D.INT64, dims: [3n], int64Data: [-1n, 2n ** 62n + 5n, 300n] },
      [...Array(8).fill(255), 5, 0, 0, 0, 0, 0, 0, 0x40, 44, 1, 0, 0, 0, 0, 0, 0],
    ],
    ['uint64', { dataType: D.UINT64, dims: [1n], uint64Data: [2n ** 64n - 2n] }, [254, ...Array(7).fill(255)]],
    ['uint32', { dataType: D.UINT32, dims: [1n], uint64Data: [0xfffffffen] }, [254, 255, 255, 255]],
  ]
  it.each(cases)('%s', (_, fields, expected) => {
    expect(bytesOf(modelWith(fields))).toEqual(expected)
  })

  it('one by one as well as packed, in pieces, and large', () => {
    const many = Array.from({ length: 3000 }, (_, i) => BigInt(i) * 12345678901n * (i % 2 ? 1n : -1n))
    const head = toBinary(TensorProtoSchema, create(TensorProtoSchema, { name: 'w', dims: [3000n], dataType: D.INT64 }))
    const tail = toBinary(TensorProtoSchema, create(TensorProtoSchema, { int64Data: many.slice(2000) }))
    const singles = new BinaryWriter().raw(head)
    for (const v of many.slice(0, 2000)) singles.tag(7, WireType.Varint).int64(v)
    const expected = [...new Uint8Array(BigInt64Array.from(many).buffer)]
    expect(bytesOf(modelAround(singles.raw(tail).finish()))).toEqual(expected)
    expect(bytesOf(modelWith({ dims: [3000n], dataType: D.INT64, int64Data: many }))).toEqual(expected)
  })

  it('floats one by one', () => {
    const writer = new BinaryWriter().raw(
      toBinary(TensorProtoSchema, create(TensorProtoSchema, { name: 'w', dims: [600n], dataType: D.FLOAT })),
    )
    for (let i = 0; i < 500; i++) writer.tag(4, WireType.Bit32).float(i)
    writer.raw(
      toBinary(
        TensorProtoSchema,
        create(TensorProtoSchema, { floatData: Array.from({ length: 100 }, (_, i) => 500 + i) }),
      ),
    )
    const tensor = read(modelAround(writer.finish()))
    expect([...tensorValues(tensor)]).toEqual(Array.from({ length: 600 }, (_, i) => i))
  })

  it('in parts, when a part is asked for', () => {
    const int64Data = Array.from({ length: 1000 }, (_, i) => BigInt(i))
    const { data } = read(modelWith({ dims: [1000n], dataType: D.INT64, int64Data }))
    expect(data.byteLength).toBe(8000)
    expect([...data.bytes(8 * 300, 8)]).toEqual([44, 1, 0, 0, 0, 0, 0, 0])
    expect(() => data.bytes(7999, 2)).toThrow(/asked of a tensor of 8000 bytes/)
  })
})

describe('raw data', () => {
  const numbers: Partial<Record<ElementType, D>> = { float32: D.FLOAT, float64: D.DOUBLE }
  const dataType = (type: ElementType) => numbers[type] ?? D[type.toUpperCase() as keyof typeof D]

  it.each(elementTypes.filter((t) => t !== 'string'))('of type %s come back as they were', (type) => {
    const byteLength =
      { complex128: 16 }[type as string] ??
      read(
        modelWith({
          dims: [3n],
          dataType: dataType(type),
          rawData: undefined,
          dataLocation: 1,
          externalData: [entry('location', 'w')],
        }),
      ).data.byteLength
    const rawData = Uint8Array.from({ length: byteLength * (type === 'complex128' ? 3 : 1) }, (_, i) => i * 41 + 3)
    const bytes = modelWith({ dims: [3n], dataType: dataType(type), rawData })
    expect(read(bytes).elementType).toBe(type)
    expect(bytesOf(modelBytes(readModel(bytes)))).toEqual([...rawData])
  })

  it('win over nothing and replace earlier raw data', () => {
    const tensor = new BinaryWriter().raw(
      toBinary(TensorProtoSchema, create(TensorProtoSchema, { name: 'w', dims: [2n], dataType: D.UINT8 })),
    )
    tensor
      .tag(9, WireType.LengthDelimited)
      .bytes(Uint8Array.of(1, 2))
      .tag(9, WireType.LengthDelimited)
      .bytes(Uint8Array.of(3, 4))
    expect(bytesOf(modelAround(tensor.finish()))).toEqual([3, 4])
  })

  it('are not read when the model is', () => {
    const rawData = new Uint8Array(5_000_000).fill(7)
    const inner = memorySource(modelWith({ dims: [5_000_000n], dataType: D.UINT8, rawData }))
    let bytesRead = 0
    const counting: ByteSource = {
      name: 'counted',
      size: inner.size,
      read: (offset, length) => {
        bytesRead += length
        return inner.read(offset, length)
      },
    }
    const { data } = read(counting)
    expect(bytesRead).toBeLessThan(200_000)
    bytesRead = 0
    expect([...data.bytes(4_999_998, 2)]).toEqual([7, 7])
    expect(bytesRead).toBe(2)
  })
})

const entry = (key: string, value: string) => ({ $typeName: 'onnx.StringStringEntryProto' as const, key, value })

describe('a tensor that does not fit', () => {
  const code = (fields: Fields): string => {
    try {
      read(modelWith(fields)).data.bytes()
    } catch (error) {
      return `${(error as { code?: string }).code}: ${(error as Error).message}`
    }
    return 'read'
  }
  it.each<[string, Fields, RegExp]>([
    [
      'raw data too short',
      { dims: [2n, 3n], dataType: D.FLOAT, rawData: new Uint8Array(20) },
      /^wrong-length: Initializer "w" float32 \[2,3\] needs 24 bytes of data, its raw_data holds 20\. The file is damaged; export it again\.$/,
    ],
    [
      'raw data too long',
      { dims: [2n], dataType: D.FLOAT, rawData: new Uint8Array(20) },
      /^wrong-length: .* needs 8 bytes of data, its raw_data holds 20/,
    ],
    [
      'typed data too short',
      { dims: [2n], dataType: D.FLOAT, floatData: [1] },
      /^wrong-length: .* needs 8 bytes of data, its float_data holds 4/,
    ],
    [
      'too few numbers',
      { dims: [3n], dataType: D.INT64, int64Data: [300n, 4n] },
      /^wrong-length: .* needs 3 numbers, its int64_data holds 2/,
    ],
    [
      'too many numbers',
      { dims: [1n], dataType: D.INT64, int64Data: [300n, 4n] },
      /^wrong-length: .* needs 1 numbers, its int64_data holds 2/,
    ],
    ['no data', { dims: [2n], dataType: D.INT64 }, /^wrong-length: .* needs 2 numbers, and there are none/],
    [
      'data in the field of another type',
      { dims: [1n], dataType: D.FLOAT, int32Data: [1] },
      /^wrong-length: .* needs 4 bytes of data, and there are none/,
    ],
    [
      'strings missing',
      { dims: [2n], dataType: D.STRING, stringData: [new Uint8Array(1)] },
      /^wrong-length: .* needs 2 strings, the file holds 1/,
    ],
    [
      'negative dimension',
      { dims: [-2n], dataType: D.FLOAT },
      /^wrong-shape: Initializer "w" has the impossible shape \[-2\]/,
    ],
    ['absurd dimensions', { dims: [2n ** 40n, 2n ** 40n, 0n], dataType: D.FLOAT }, /^wrong-shape: /],
    ['absurd and empty', { dims: [2n ** 40n], dataType: D.FLOAT, floatData: [1] }, /^wrong-length: /],
    [
      'element type 99',
      { dims: [1n], dataType: 99, rawData: new Uint8Array(4) },
      /^unsupported-element-type: Initializer "w" has the element type number 99, which ONNX 1\.20 does not define \(1 to 26\)/,
    ],
    ['element type 0', { dims: [1n], dataType: 0, rawData: new Uint8Array(4) }, /^unsupported-element-type: /],
  ])('%s', (_, fields, message) => {
    expect(code(fields)).toMatch(message)
  })
})
