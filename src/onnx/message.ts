import { WireWriter, wire } from '../base/index.ts'
import {
  type FieldSchema,
  fieldsOf,
  type Message,
  type MessageName,
  type ScalarName,
  type UnknownField,
} from './schema.ts'

/*
 * Messages as plain objects, from and to protobuf's encoding, by the table of schema.ts. What is decoded here has been walked before (skeleton.ts): wire
 * types fit and nothing ends too early.
 */

type Fields = Record<string, unknown>

/** A new message; lists that are not given are empty. */
export function create<N extends MessageName>(name: N, fields: Partial<Message<N>> = {}): Message<N> {
  const message: Fields = { $name: name, $unknown: [] }
  for (const f of fieldsOf[name]) if (f.isList) message[f.key] = []
  // The table gave the message what its type asks for.
  return Object.assign(message, fields) as Message<N>
}

/** Whether a message has anything in a field. */
export const isSet = (message: object, { key, isList }: Pick<FieldSchema, 'key' | 'isList'>): boolean => {
  const value = (message as Fields)[key]
  return isList ? (value as readonly unknown[]).length > 0 : value !== undefined
}

/** The field's wire type when its numbers are not packed. */
export function wireTypeOf(type: FieldSchema['type']): number {
  if (type === 'int32' || type === 'int64') return wire.varint
  return type === 'float' ? wire.bits32 : wire.bytes
}

export function decode<N extends MessageName>(name: N, bytes: Uint8Array): Message<N> {
  const message = create(name)
  new Decoder(bytes).message(name, message, bytes.length)
  return message
}

// As protobuf's libraries do: what is no UTF-8 becomes U+FFFD.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

class Decoder {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Fields up to `end`, into a message that may have some: one that comes in pieces is one. */
  message(name: MessageName, into: object, end: number): void {
    const fields = into as Fields
    while (this.#at < end) {
      const tag = this.#number()
      const [number, wireType] = [Math.floor(tag / 8), tag % 8]
      const field = fieldsOf[name].find((f) => f.number === number)
      if (!field) (fields.$unknown as UnknownField[]).push({ number, wireType, data: this.#skipped(number, wireType) })
      else if (field.message) this.#nested(field, field.message, fields)
      else if (!field.isList) fields[field.key] = this.#scalar(field.type as ScalarName)
      else this.#list(field, fields[field.key] as unknown[], wireType)
    }
  }

  #nested({ key, isList }: FieldSchema, name: MessageName, fields: Fields): void {
    const before = isList ? undefined : (fields[key] as object | undefined)
    const inner = before ?? create(name)
    // Before the message is read, which moves on.
    const length = this.#number()
    this.message(name, inner, this.#at + length)
    if (isList) (fields[key] as unknown[]).push(inner)
    else fields[key] = inner
  }

  #list({ type }: FieldSchema, list: unknown[], wireType: number): void {
    const packed = wireType === wire.bytes && wireTypeOf(type) !== wire.bytes
    const length = packed ? this.#number() : 0
    const end = this.#at + length
    if (!packed) list.push(this.#scalar(type as ScalarName))
    else while (this.#at < end) list.push(this.#scalar(type as ScalarName))
  }

  #scalar(type: ScalarName): unknown {
    switch (type) {
      case 'int32':
        return Number(BigInt.asIntN(32, this.#integer()))
      case 'int64':
        return this.#integer()
      case 'float':
        this.#at += 4
        return this.#view.getFloat32(this.#at - 4, true)
      case 'string':
        return utf8.decode(this.#taken(this.#number()))
      case 'bytes':
        return this.#taken(this.#number())
    }
  }

  #taken(length: number): Uint8Array {
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  /** A varint that is no more than 2^53. */
  #number(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const b = this.#bytes[this.#at++]!
      value += (b & 0x7f) * scale
      if (b < 0x80) return value
    }
  }

  /** A varint of 64 bits with a sign. */
  #integer(): bigint {
    const start = this.#at
    while (this.#bytes[this.#at]! >= 0x80) this.#at++
    this.#at++
    if (this.#at - start <= 7) {
      this.#at = start
      return BigInt(this.#number())
    }
    let value = 0n
    for (let i = this.#at - 1; i >= start; i--) value = (value << 7n) | BigInt(this.#bytes[i]! & 0x7f)
    return BigInt.asIntN(64, value)
  }

  /** The value of a field that nobody knows, groups with their end. */
  #skipped(number: number, wireType: number): Uint8Array {
    const start = this.#at
    if (wireType === wire.varint) this.#integer()
    else if (wireType === wire.bits64) this.#at += 8
    else if (wireType === wire.bits32) this.#at += 4
    else if (wireType === wire.bytes) this.#taken(this.#number())
    else
      for (let tag = this.#number(); tag !== number * 8 + wire.endGroup; tag = this.#number())
        this.#skipped(Math.floor(tag / 8), tag % 8)
    return this.#bytes.subarray(start, this.#at)
  }
}

/** Fields in the order of their numbers; lists are not packed, as onnx.proto has them. */
export function encode(message: Message<MessageName>): Uint8Array {
  const writer = new WireWriter()
  write(writer, message)
  return writer.finish()
}

function write(writer: WireWriter, message: Message<MessageName>): void {
  const { $unknown } = message
  const unknown = $unknown.length > 1 ? $unknown.toSorted((a, b) => a.number - b.number) : $unknown
  let next = 0
  const writeUnknown = (upTo: number) => {
    for (; next < unknown.length && unknown[next]!.number < upTo; next++)
      writer.tag(unknown[next]!.number, unknown[next]!.wireType).raw(unknown[next]!.data)
  }
  for (const field of fieldsOf[message.$name]) {
    if (!isSet(message, field)) continue
    writeUnknown(field.number)
    const value = (message as Fields)[field.key]
    for (const v of field.isList ? (value as unknown[]) : [value]) writeValue(writer, field, v)
  }
  writeUnknown(Number.POSITIVE_INFINITY)
}

function writeValue(writer: WireWriter, { number, type, message }: FieldSchema, value: unknown): void {
  writer.tag(number, wireTypeOf(type))
  if (message) {
    writer.fork()
    write(writer, value as Message<MessageName>)
    writer.join()
  } else if (type === 'float') writer.float(value as number)
  else if (type === 'string') writer.string(value as string)
  else if (type === 'bytes') writer.bytes(value as Uint8Array)
  else writer.varint(value as number | bigint)
}

/**
 * A message with those fields only that are not named, unknown ones included; undefined when that leaves nothing. Parts are shared, not copied.
 * @param owned by default all fields of the table
 */
export function remainder<N extends MessageName>(
  message: Message<N>,
  owned?: readonly (keyof Message<N>)[],
): Message<N> | undefined {
  const isOwned = ({ key }: FieldSchema) => owned!.includes(key as keyof Message<N>)
  const rest = owned ? fieldsOf[message.$name].filter((f) => !isOwned(f) && isSet(message, f)) : []
  if (rest.length === 0 && message.$unknown.length === 0) return undefined
  const kept = create(message.$name)
  kept.$unknown = message.$unknown
  for (const { key } of rest) (kept as Fields)[key] = (message as Fields)[key]
  return kept
}
