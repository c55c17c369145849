import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import * as onnx from 'onnx-buf'
import { describe, expect, it } from 'vitest'
import { WireWriter, wire } from '../base/index.ts'
import { canonicalModel } from '../testing/canonical.ts'
import { sampleBytes } from '../testing/sample-model.ts'
import { decode, encode } from './message.ts'
import { attributeTypes, externalLocationType, fieldsOf, type MessageName } from './schema.ts'

// The table against the descriptors that onnx-buf generates from onnx.proto, and the encoding against @bufbuild/protobuf.

const descriptors = new Map<string, DescMessage>()
const collect = (messages: readonly DescMessage[]) => {
  for (const m of messages) {
    descriptors.set(m.typeName.replace('onnx.', ''), m)
    collect(m.nestedMessages)
  }
}
collect(onnx.file_onnx.messages)

const typeOf = (field: DescField): string => {
  if (field.message) return field.message.typeName.replace('onnx.', '')
  return field.enum ? 'int32' : ScalarType[field.scalar!]!.toLowerCase()
}

/** Messages of these fields are not looked into. */
const asBytes = ['sequenceType', 'mapType', 'sparseTensorType', 'optionalType']

describe('the table of messages', () => {
  it.each(Object.keys(fieldsOf) as MessageName[])('%s has the numbers and types of onnx.proto', (name) => {
    const fields = descriptors.get(name)!.fields
    for (const { key, number, type, isList } of fieldsOf[name]) {
      // Of ONNX-ML's traditional operators alone; onnx-buf leaves it out.
      if (key === 'opaqueType') continue
      const field = fields.find((f) => f.localName === key)
      expect({ key, number, isList }).toEqual({ key, number: field?.number, isList: field?.fieldKind === 'list' })
      expect(type, key).toBe(asBytes.includes(key) ? 'bytes' : typeOf(field!))
      // Lists are written one by one.
      if (field?.fieldKind === 'list' && field.listKind === 'scalar') expect(field.packed, key).toBe(false)
    }
  })

  it('has the numbers of enumerations', () => {
    const numbers = Object.fromEntries(
      Object.entries(attributeTypes).map(([name, n]) => [name.replace(/[A-Z]/g, '_$&').toUpperCase(), n]),
    )
    const { AttributeProto_AttributeType: types } = onnx
    expect(numbers).toEqual(Object.fromEntries(Object.entries(types).filter(([, n]) => typeof n === 'number')))
    expect(externalLocationType).toBe(onnx.TensorProto_DataLocation.EXTERNAL)
  })
})

describe('messages', () => {
  it('are decoded and encoded to what means the same', () => {
    const bytes = sampleBytes()
    expect(canonicalModel(encode(decode('ModelProto', bytes)))).toEqual(canonicalModel(bytes))
  })

  it('keep what the table does not have between its neighbours', () => {
    const known = new BinaryWriter().tag(1, WireType.LengthDelimited).string('k')
    const bytes = known.tag(2, WireType.LengthDelimited).string('v').tag(3, WireType.Varint).uint32(300).finish()
    const message = decode('StringStringEntryProto', bytes)
    expect(message).toMatchObject({ key: 'k', value: 'v', $unknown: [{ number: 3, wireType: 0 }] })
    expect(encode(message)).toEqual(bytes)
  })

  it('keep groups', () => {
    const inner = new BinaryWriter().tag(9, WireType.StartGroup).tag(4, WireType.Bit32).fixed32(7)
    const bytes = inner.tag(9, WireType.EndGroup).tag(10, WireType.Bit64).fixed64(5n).finish()
    expect(encode(decode('OperatorSetIdProto', bytes))).toEqual(bytes)
  })

  it.each([0n, 1n, -1n, 127n, 128n, 2n ** 49n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)])(
    'hold the integer %d',
    (value) => {
      const bytes = new BinaryWriter().tag(2, WireType.Varint).int64(value).finish()
      expect(decode('OperatorSetIdProto', bytes).version).toBe(value)
      expect(new WireWriter().tag(2, wire.varint).varint(value).finish()).toEqual(bytes)
    },
  )
})

describe('the writer of the wire format', () => {
  it('writes what a protobuf library reads', () => {
    const writer = new WireWriter()
      .tag(1, wire.varint)
      .varint(2 ** 40)
      .tag(2, wire.varint)
      .varint(-7)
    writer.tag(3, wire.bits32).float(0.1).tag(4, wire.bits64).double(0.1).tag(5, wire.bytes).string('Grüße')
    writer.tag(6, wire.bytes).fork().tag(1, wire.bytes).fork().tag(1, wire.varint).varint(1).join().join()
    const reader = new BinaryReader(writer.finish())
    const field = (read: () => unknown) => [...reader.tag(), read()]
    expect(field(() => reader.uint64())).toEqual([1, 0, 2n ** 40n])
    expect(field(() => reader.int32())).toEqual([2, 0, -7])
    expect(field(() => reader.float())).toEqual([3, 5, Math.fround(0.1)])
    expect(field(() => reader.double())).toEqual([4, 1, 0.1])
    expect(field(() => reader.string())).toEqual([5, 2, 'Grüße'])
    expect(field(() => [...reader.bytes()])).toEqual([6, 2, [10, 2, 8, 1]])
  })
})
