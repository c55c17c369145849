import { wire } from '../base/index.ts'
import type { TensorData } from '../graph/index.ts'
import { Cursor } from './cursor.ts'
import { holdTensors, layouts, markerField, rawDataField } from './layout.ts'
import type { MessageName } from './schema.ts'
import { memorySource } from './source.ts'

/*
 * The way back from a skeleton to a file: every marker becomes raw_data, and the lengths around it grow. The result is a list of pieces in
 * order, so that weights go from their source to the file without being in memory together.
 */

/** Bytes, or the data of a tensor. */
export type Piece = Uint8Array | TensorData

export interface Inflated {
  readonly pieces: readonly Piece[]
  /** In bytes. */
  readonly size: number
}

/** @param skeleton an encoded message of type `name` with markers that count through `payloads` */
export function inflate(skeleton: Uint8Array, name: MessageName, payloads: readonly TensorData[]): Inflated {
  const cursor = new Cursor(memorySource(skeleton))

  function message(name: MessageName, end: number): Inflated | undefined {
    const pieces: Piece[] = []
    let size = 0
    let changed = false
    let copyFrom = cursor.position
    const add = (piece: Piece) => {
      if (piece.byteLength > 0) pieces.push(piece)
      size += piece.byteLength
    }
    const layout = layouts[name]
    while (cursor.position < end) {
      const start = cursor.position
      const tag = cursor.varint()
      const number = Math.floor(tag / 8)
      const wireType = tag % 8
      if (wireType === wire.varint) {
        const value = cursor.varint()
        if (name !== 'TensorProto' || number !== markerField) continue
        const payload = payloads[value]!
        add(skeleton.subarray(copyFrom, start))
        add(Uint8Array.from([...varint(rawDataField * 8 + wire.bytes), ...varint(payload.byteLength)]))
        add(payload)
        changed = true
        copyFrom = cursor.position
      } else if (wireType === wire.bytes) {
        const to = cursor.varint() + cursor.position
        const child = layout.get(number)?.message
        const inner = child && holdTensors.has(child) ? message(child, to) : undefined
        cursor.position = to
        if (!inner) continue
        add(skeleton.subarray(copyFrom, start))
        add(Uint8Array.from([...varint(tag), ...varint(inner.size)]))
        for (const piece of inner.pieces) pieces.push(piece)
        size += inner.size
        changed = true
        copyFrom = to
      } else skipRest(wireType)
    }
    if (!changed) return undefined
    add(skeleton.subarray(copyFrom, end))
    return { pieces, size }
  }

  /** Unknown fields of other wire types, which were checked when they were read. */
  function skipRest(wireType: number): void {
    if (wireType === wire.bits64) cursor.position += 8
    else if (wireType === wire.bits32) cursor.position += 4
    else if (wireType === wire.startGroup)
      for (let inner = cursor.varint() % 8; inner !== wire.endGroup; inner = cursor.varint() % 8) {
        if (inner === wire.varint) cursor.varint()
        else if (inner === wire.bytes) cursor.position += cursor.varint()
        else skipRest(inner)
      }
  }

  return message(name, skeleton.length) ?? { pieces: [skeleton], size: skeleton.length }
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  bytes.push(rest)
  return bytes
}
