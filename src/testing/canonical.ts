// ONNX messages as plain objects for comparison, so that two files that mean the same are equal: numbers of tensors as the bytes that
// raw_data would have (converted here by the generated decoder and DataView, independently of src/onnx), empty texts like absent ones,
// `ai.onnx` like ''. Everything else – unknown fields too – as it is.

import { type DescMessage, fromBinary, isFieldSet, type Message } from '@bufbuild/protobuf'
import { TensorProto_DataType as DataType, ModelProtoSchema, type TensorProto, TensorProtoSchema } from 'onnx-buf'

type Fields = Record<string, unknown>

export const canonicalModel = (bytes: Uint8Array): Fields =>
  canonical(ModelProtoSchema, fromBinary(ModelProtoSchema, bytes))

const elementFields = ['floatData', 'int32Data', 'int64Data', 'rawData', 'doubleData', 'uint64Data']

export function canonical(desc: DescMessage, message: Message): Fields {
  const out: Fields = {}
  // The generated class has a property for each field.
  const fields = message as unknown as Fields
  for (const field of desc.fields) {
    // The field is one of this message's.
    if (!isFieldSet(message as never, field)) continue
    if (desc === TensorProtoSchema && elementFields.includes(field.localName)) continue
    const oneof = field.oneof && (fields[field.oneof.localName] as { value: unknown } | undefined)
    const value = oneof ? oneof.value : fields[field.localName]
    const child = field.message
    const plain = (v: unknown) => (child ? canonical(child, v as Message) : v instanceof Uint8Array ? hex(v) : v)
    const converted = Array.isArray(value) ? value.map(plain) : plain(value)
    // A version of 0 says as little as an empty text.
    const says =
      converted !== '' &&
      !(field.localName === 'domain' && converted === 'ai.onnx') &&
      !(field.localName === 'modelVersion' && converted === 0n)
    if (says) out[field.localName] = converted
  }
  if (message.$unknown?.length)
    out.$unknown = message.$unknown.map((f) => ({ no: f.no, wireType: f.wireType, data: hex(f.data) }))
  if (desc === TensorProtoSchema) out.elements = hex(elementBytes(message as TensorProto))
  return out
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** What raw_data would hold (comments on the typed fields in onnx.proto). */
export function elementBytes(t: TensorProto): Uint8Array {
  if (isFieldSet(t, TensorProtoSchema.field.rawData)) return t.rawData
  const widths: Partial<Record<DataType, number>> = {
    [DataType.UINT32]: 4,
    [DataType.INT32]: 4,
    [DataType.UINT16]: 2,
    [DataType.INT16]: 2,
    [DataType.FLOAT16]: 2,
    [DataType.BFLOAT16]: 2,
  }
  const width = widths[t.dataType as DataType] ?? 1
  const parts: ArrayBuffer[] = []
  const number = (size: number, set: (view: DataView) => void) => {
    const view = new DataView(new ArrayBuffer(8))
    set(view)
    parts.push(view.buffer.slice(0, size))
  }
  for (const v of t.floatData) number(4, (d) => d.setFloat32(0, v, true))
  for (const v of t.doubleData) number(8, (d) => d.setFloat64(0, v, true))
  for (const v of t.int64Data) number(8, (d) => d.setBigInt64(0, v, true))
  for (const v of t.uint64Data) number(t.dataType === DataType.UINT32 ? 4 : 8, (d) => d.setBigUint64(0, v, true))
  for (const v of t.int32Data) number(width, (d) => d.setInt32(0, v, true))
  return new Uint8Array(Buffer.concat(parts.map((p) => new Uint8Array(p))))
}
