import { WireWriter, wire } from '../base/index.ts'
import { Cursor, WireError } from './cursor.ts'
import { type FieldLayout, holdTensors, layouts, markerField, payloadFields } from './layout.ts'
import type { MessageName } from './schema.ts'
import type { ByteSource } from './source.ts'

/*
 * A model file is a small structure around large payloads. The walk below goes over the encoded bytes once, seeking over payloads,
 * and makes the *skeleton*: the same message, small, in which each tensor's numbers are replaced by a marker (a field with the number
 * `markerField`, whose value is an index into the list of payloads). A skeleton is decoded in little memory, of a file
 * of any size: lengths on the wire have 64 bits.
 *
 * Everything is checked on the way – wire types, lengths that leave their message, depth – so that what is decoded afterwards is
 * well-formed, and a damaged file never makes a decoder allocate what the file does not hold.
 */

/** One stretch of a tensor's elements, as the file has them. */
export interface PayloadPart {
  /** Field number in TensorProto. */
  readonly field: number
  /** Packed elements without tag and length; otherwise a run of single elements, each with its tag. */
  readonly packed: boolean
  /** Where it begins in the source. */
  readonly offset: number
  readonly length: number
  /** Small payloads are kept, so that shapes and other small constants need no second look into the file. */
  readonly bytes: Uint8Array | undefined
}

export type Payload = readonly PayloadPart[]

export interface Skeleton {
  readonly bytes: Uint8Array
  readonly payloads: readonly Payload[]
}

/** Payloads up to this many bytes are kept in memory. */
const keptLimit = 1024

/** More structure than this is no network: protobuf itself ends at 2 GiB. */
const skeletonLimit = 2 ** 30

/** As deep as protobuf libraries go. */
const depthLimit = 100

/**
 * @param name what the bytes encode
 * @param onField called with the number of each top-level field that is met: of messages before, of others after they are walked
 * @throws WireError
 */
export function skeletonOf(source: ByteSource, name: MessageName, onField?: (field: number) => void): Skeleton {
  const walk = new SkeletonWalk(source, onField)
  walk.message(name, source.size, 1, true)
  return { bytes: walk.out.finish(), payloads: walk.payloads }
}

class SkeletonWalk {
  readonly out = new WireWriter()
  readonly payloads: PayloadPart[][] = []
  readonly #cursor: Cursor
  readonly #onField: ((field: number) => void) | undefined
  #written = 0

  constructor(source: ByteSource, onField: ((field: number) => void) | undefined) {
    this.#cursor = new Cursor(source)
    this.#onField = onField
  }

  /** Walks one message up to `end`. What holds no tensors is only checked here, and copied by the caller as a whole. */
  message(name: MessageName, end: number, depth: number, copy: boolean): void {
    if (depth > depthLimit) throw this.#malformed(`messages are nested more than ${depthLimit} deep`)
    const cursor = this.#cursor
    const layout = layouts[name]
    const parts: PayloadPart[] | undefined = copy && name === 'TensorProto' ? [] : undefined
    while (cursor.position < end) {
      const start = cursor.position
      const { field: number, wireType } = this.#tag()
      const field = layout.get(number)
      if (field && wireType !== field.wireType && !(field.packable && wireType === wire.bytes))
        throw this.#malformed(`${field.name} has wire type ${wireType} instead of ${field.wireType}`, start)
      if (parts && number === markerField)
        throw this.#malformed(`a tensor uses the reserved field ${markerField}`, start)
      if (parts && payloadFields.has(number) && cursor.position - start > 1)
        throw this.#malformed('a field tag is longer than it needs to be', start)
      if (parts && payloadFields.has(number)) this.#takePayload(parts, number, wireType, start, end)
      else if (field?.message) this.#nested(field, number, field.message, start, end, depth, copy)
      else {
        this.#skip(wireType, number, end, depth)
        if (field?.packable && wireType === wire.bytes) this.#checkPacked(field, start)
        if (copy) this.#copy(start, cursor.position)
      }
      if (cursor.position > end) throw this.#malformed(`${name} ends in the middle of a field`, start)
      if (depth === 1) this.#onField?.(number)
    }
    if (parts && parts.length > 0) {
      this.out.tag(markerField, wire.varint).varint(this.payloads.length)
      this.payloads.push(parts)
    }
  }

  #nested(
    field: FieldLayout,
    number: number,
    name: MessageName,
    start: number,
    end: number,
    depth: number,
    copy: boolean,
  ): void {
    const to = this.#length(end, field.name)
    if (depth === 1) this.#onField?.(number)
    if (!copy || !holdTensors.has(name)) {
      this.message(name, to, depth + 1, false)
      if (copy) this.#copy(start, to)
    } else {
      this.out.tag(number, wire.bytes).fork()
      this.message(name, to, depth + 1, true)
      this.out.join()
    }
  }

  /** The numbers in a packed list that was just skipped must end with it. */
  #checkPacked(field: FieldLayout, start: number): void {
    const cursor = this.#cursor
    const to = cursor.position
    cursor.position = start
    this.#tag()
    const length = cursor.varint()
    const size = field.wireType === wire.bits32 ? 4 : field.wireType === wire.bits64 ? 8 : 1
    const cut = size === 1 ? length > 0 && cursor.slice(to - 1, to)[0]! >= 0x80 : length % size !== 0
    if (cut) throw this.#malformed(`${field.name} ends in the middle of a number`, start)
    cursor.position = to
  }

  #takePayload(parts: PayloadPart[], field: number, wireType: number, start: number, end: number): void {
    const cursor = this.#cursor
    if (wireType === wire.bytes) {
      const to = this.#length(end, 'the data of a tensor')
      const offset = cursor.position
      const length = to - offset
      const bytes = length <= keptLimit ? this.#cursor.slice(offset, to).slice() : undefined
      parts.push({ field, packed: true, offset, length, bytes })
      cursor.position = to
      return
    }
    this.#skip(wireType, field, end, 0)
    const last = parts.at(-1)
    if (last && last.field === field && !last.packed && last.offset + last.length === start)
      parts[parts.length - 1] = { ...last, length: cursor.position - last.offset }
    else parts.push({ field, packed: false, offset: start, length: cursor.position - start, bytes: undefined })
  }

  #tag(): { field: number; wireType: number } {
    const start = this.#cursor.position
    const tag = this.#cursor.varint()
    const field = Math.floor(tag / 8)
    if (tag >= 2 ** 32 || field === 0) throw this.#malformed(`${tag} is no field tag`, start)
    return { field, wireType: tag % 8 }
  }

  /** Reads a length; returns where what follows ends. */
  #length(end: number, what: string): number {
    const start = this.#cursor.position
    const length = this.#cursor.varint()
    const to = this.#cursor.position + length
    if (to > this.#cursor.size)
      throw new WireError(
        'overrun',
        start,
        `${what} should have ${length} bytes, of which ${this.#cursor.size - this.#cursor.position} are there`,
      )
    if (to > end) throw this.#malformed(`${what} is longer than what contains it`, start)
    return to
  }

  #skip(wireType: number, field: number, end: number, depth: number): void {
    const cursor = this.#cursor
    switch (wireType) {
      case wire.varint:
        cursor.varint()
        return
      case wire.bits64:
      case wire.bits32: {
        const to = cursor.position + (wireType === wire.bits64 ? 8 : 4)
        if (to > cursor.size) throw new WireError('overrun', cursor.position, 'the bytes end in the middle of a number')
        cursor.position = to
        return
      }
      case wire.bytes:
        cursor.position = this.#length(end, `field ${field}`)
        return
      case wire.startGroup:
        if (depth >= depthLimit) throw this.#malformed(`groups are nested more than ${depthLimit} deep`)
        for (;;) {
          const inner = this.#tag()
          if (inner.wireType === wire.endGroup) {
            if (inner.field !== field) throw this.#malformed('a group ends that did not begin')
            return
          }
          this.#skip(inner.wireType, inner.field, end, depth + 1)
        }
      default:
        throw this.#malformed(`field ${field} has the impossible wire type ${wireType}`)
    }
  }

  #copy(from: number, to: number): void {
    this.#written += to - from
    if (this.#written > skeletonLimit) throw this.#malformed('there is more than 1 GiB of structure', from)
    this.out.raw(this.#cursor.slice(from, to))
  }

  #malformed(problem: string, position = this.#cursor.position): WireError {
    return new WireError('malformed', position, problem)
  }
}
