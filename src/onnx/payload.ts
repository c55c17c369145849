import { type ElementType, KerfError } from '../base/index.ts'
import { inMemory, type TensorData } from '../graph/index.ts'
import { typedField } from './data-type.ts'
import { payloadFields, rawDataField } from './layout.ts'
import type { Payload, PayloadPart } from './skeleton.ts'
import { type ByteSource, rangeOf, sourceRange } from './source.ts'

/*
 * A tensor's elements, wherever its file has them – raw_data, or one of the typed fields, packed or one by one – as the little-endian
 * bytes that raw_data would have.
 */

const wrongLength = (place: string, needed: string, found: string) =>
  new KerfError('wrong-length', `${place} needs ${needed}, ${found}. The file is damaged; export it again.`, {
    needed,
    found,
  })

/**
 * @param payload what the skeleton's walk found; undefined: no data at all
 * @param byteLength what the tensor's shape and element type need
 * @param place what messages name, with shape and type: `Tensor "w" float32 [8,3]`
 * @throws KerfError `wrong-length` when the data do not fit the shape
 */
export function payloadData(
  source: ByteSource,
  payload: Payload | undefined,
  elementType: ElementType,
  byteLength: number,
  place: string,
): TensorData {
  // A repeated raw_data replaces the one before it; typed lists go on.
  const raw = payload?.findLast((p) => p.field === rawDataField)
  const typed = typedField(elementType)
  const parts = raw ? [raw] : (payload?.filter((p) => p.field === typed.field) ?? [])
  const { name, size } = payloadFields.get(raw ? rawDataField : typed.field)!
  if (size === 0) return varintData(source, parts, typed.bytes, byteLength, place, name)
  const found = parts.reduce((sum, p) => sum + (p.packed ? p.length : (p.length * size) / (1 + size)), 0)
  if (found !== byteLength)
    throw wrongLength(
      place,
      `${byteLength} bytes of data`,
      found === 0 ? 'and there are none' : `its ${name} holds ${found}`,
    )
  const [first] = parts
  if (!first) return inMemory(new Uint8Array(0))
  if (first.packed && parts.length === 1)
    return first.bytes ? inMemory(first.bytes) : sourceRange(source, first.offset, first.length)
  return computedData(byteLength, () => decodeFixed(source, parts, size, byteLength))
}

/** Elements that are varints in the file: as long as they may be, and decoded when asked for. */
function varintData(
  source: ByteSource,
  parts: Payload,
  width: number,
  byteLength: number,
  place: string,
  name: string,
): TensorData {
  const count = byteLength / width
  const length = parts.reduce((sum, p) => sum + p.length, 0)
  const wrong = (found: string) =>
    wrongLength(place, `${count} numbers`, length === 0 ? 'and there are none' : `its ${name} holds ${found}`)
  // A number takes one to ten bytes, and its tag one more: what cannot fit is found without reading or allocating it.
  if (length < count || length > 11 * count) throw wrong(`${length} bytes`)
  const decode = () => {
    const bytes = new Uint8Array(byteLength)
    const found = decodeVarints(source, parts, width, bytes)
    if (found !== count) throw wrong(String(found))
    return bytes
  }
  return parts.every((p) => p.bytes) ? inMemory(decode()) : computedData(byteLength, decode)
}

function computedData(byteLength: number, decode: () => Uint8Array): TensorData {
  const data: TensorData = {
    byteLength,
    bytes(from, count) {
      const { offset, length } = rangeOf(data, from, count)
      return decode().subarray(offset, offset + length)
    },
  }
  return data
}

const bytesOf = (source: ByteSource, part: PayloadPart): Uint8Array =>
  part.bytes ?? source.read(part.offset, part.length)

function decodeFixed(source: ByteSource, parts: Payload, size: number, byteLength: number): Uint8Array {
  const out = new Uint8Array(byteLength)
  let at = 0
  for (const part of parts) {
    const bytes = bytesOf(source, part)
    const step = part.packed ? bytes.length : size
    for (let i = part.packed ? 0 : 1; i < bytes.length; i += 1 + step) {
      out.set(bytes.subarray(i, i + step), at)
      at += step
    }
  }
  return out
}

/** Writes the low `width` bytes of every varint, as far as `out` has room; returns how many there are. */
function decodeVarints(source: ByteSource, parts: Payload, width: number, out: Uint8Array): number {
  let count = 0
  for (const part of parts) {
    const bytes = bytesOf(source, part)
    for (let i = 0; i < bytes.length; count++) {
      if (!part.packed) i++
      // Seven bits a byte: `low` takes the first 28, `middle` the next 28, `high` the rest.
      let low = 0
      let middle = 0
      let high = 0
      let b = 0x80
      for (let n = 0; b >= 0x80 && i < bytes.length; n++) {
        b = bytes[i++]!
        const seven = b & 0x7f
        if (n < 4) low |= seven << (7 * n)
        else if (n < 8) middle |= seven << (7 * (n - 4))
        else if (n < 10) high |= seven << (7 * (n - 8))
      }
      const at = count * width
      if (at + width > out.length) continue
      const lower = low | (middle << 28)
      const upper = (middle >>> 4) | (high << 24)
      for (let k = 0; k < width; k++) out[at + k] = k < 4 ? lower >>> (8 * k) : upper >>> (8 * (k - 4))
    }
  }
  return count
}
