import { wire } from '../base/index.ts'
import { wireTypeOf } from './message.ts'
import { type FieldSchema, fieldsOf, type MessageName } from './schema.ts'

/*
 * What the table of messages says about the wire, in the form that passes over encoded bytes need: walking an encoded message checks it, and finds its
 * tensors, without decoding it.
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
  /** As onnx.proto writes it: `NodeProto.op_type`. */
  readonly name: string
  readonly wireType: number
  /** A list of numbers, which may come packed (as bytes) too. */
  readonly packable: boolean
  readonly message: MessageName | undefined
}

function fieldLayout(owner: MessageName, { key, type, isList, message }: FieldSchema): FieldLayout {
  const wireType = wireTypeOf(type)
  return {
    name: `${owner}.${key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)}`,
    wireType,
    packable: isList && wireType !== wire.bytes,
    message,
  }
}

const names = Object.keys(fieldsOf) as MessageName[]

/** The fields of each message by number. */
export const layouts: Readonly<Record<MessageName, ReadonlyMap<number, FieldLayout>>> = Object.fromEntries(
  names.map((name) => [name, new Map(fieldsOf[name].map((f) => [f.number, fieldLayout(name, f)]))]),
) as Record<MessageName, Map<number, FieldLayout>>

/** The messages that a tensor can lie in, at any depth. */
export const holdTensors: ReadonlySet<MessageName> = new Set(
  names.filter((name) => {
    const reached = new Set([name])
    for (const r of reached) for (const { message } of fieldsOf[r]) if (message) reached.add(message)
    return reached.has('TensorProto')
  }),
)
