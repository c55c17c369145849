import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { WireType } from '@bufbuild/protobuf/wire'
import { TensorProtoSchema } from 'onnx-buf'

/*
 * What the generated descriptors of onnx.proto say about the wire, in the form that passes over encoded bytes need: walking an
 * encoded message by its descriptor checks it, and finds its tensors, without decoding it.
 */

/** Fields of TensorProto that hold the elements as numbers. The sizes are bytes per element on the wire; 0: varints. */
export const payloadFields: ReadonlyMap<number, { readonly name: string; readonly size: number }> = new Map([
  [4, { name: 'float_data', size: 4 }],
  [5, { name: 'int32_data', size: 0 }],
  [7, { name: 'int64_data', size: 0 }],
  [9, { name: 'raw_data', size: 1 }],
  [10, { name: 'double_data', size: 8 }],
  [11, { name: 'uint64_data', size: 0 }],
])

export const rawDataField = 9

/** The highest field number there is: no onnx.proto will use it. Marks the place of a payload that was taken out. */
export const markerField = 2 ** 29 - 1

export interface FieldLayout {
  readonly name: string
  readonly wireType: WireType
  /** A list of numbers, which may come packed (length-delimited) too. */
  readonly packable: boolean
  readonly message: DescMessage | undefined
}

const layouts = new WeakMap<DescMessage, Map<number, FieldLayout>>()

/** The fields of a message by number. */
export function layoutOf(desc: DescMessage): ReadonlyMap<number, FieldLayout> {
  let layout = layouts.get(desc)
  if (!layout) {
    layout = new Map(desc.fields.map((f) => [f.number, fieldLayout(f)]))
    layouts.set(desc, layout)
  }
  return layout
}

function fieldLayout(field: DescField): FieldLayout {
  const scalar =
    field.fieldKind === 'scalar' || (field.fieldKind === 'list' && field.listKind === 'scalar')
      ? field.scalar
      : undefined
  const isEnum = field.fieldKind === 'enum' || (field.fieldKind === 'list' && field.listKind === 'enum')
  const wireType = isEnum ? WireType.Varint : scalar === undefined ? WireType.LengthDelimited : wireTypeOf(scalar)
  return {
    name: `${field.parent.name}.${field.name}`,
    wireType,
    packable: field.fieldKind === 'list' && wireType !== WireType.LengthDelimited,
    message: field.message,
  }
}

function wireTypeOf(type: ScalarType): WireType {
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64
    default:
      return WireType.Varint
  }
}

const holders = new WeakMap<DescMessage, boolean>()

/** Whether a tensor can lie anywhere inside such a message. */
export function holdsTensors(desc: DescMessage): boolean {
  let holds = holders.get(desc)
  if (holds === undefined) {
    const reached = new Set([desc])
    for (const message of reached) for (const field of message.fields) if (field.message) reached.add(field.message)
    holds = reached.has(TensorProtoSchema)
    holders.set(desc, holds)
  }
  return holds
}
