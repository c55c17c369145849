import { byteLengthOf, type ElementType, isInteger } from './element-type.ts'
import { KerfError } from './error.ts'
import {
  bfloat16ToNumber,
  float16ToNumber,
  isHalf,
  numberToBfloat16,
  numberToFloat16,
  widenHalves,
} from './half-floats.ts'
import { askMemory } from './memory.ts'

/*
 * Elements as JavaScript numbers and back. Bytes are little-endian and packed as ONNX's `raw_data`.
 * 64-bit integers beyond 2^53 are rounded to the nearest double: exact enough for shapes, "to the end" slices and scores,
 * never used to copy weights (those travel as bytes).
 */

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** An 8- or 4-bit float with the given exponent and mantissa widths; `max` handling follows the ONNX type's name. */
function minifloat(
  code: number,
  exponentBits: number,
  mantissaBits: number,
  bias: number,
  kind: 'ieee' | 'fn' | 'fnuz',
): number {
  const width = 1 + exponentBits + mantissaBits
  const sign = code >> (width - 1) ? -1 : 1
  const exponent = (code >> mantissaBits) & ((1 << exponentBits) - 1)
  const fraction = code & ((1 << mantissaBits) - 1)
  const top = (1 << exponentBits) - 1
  if (kind === 'fnuz' && code === 1 << (width - 1)) return Number.NaN
  if (kind === 'ieee' && exponent === top) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  if (kind === 'fn' && width === 8 && exponent === top && fraction === (1 << mantissaBits) - 1) return Number.NaN
  const m = fraction / (1 << mantissaBits)
  return sign * (exponent === 0 ? m * 2 ** (1 - bias) : (1 + m) * 2 ** (exponent - bias))
}

type Reader = (view: DataView, index: number) => number
type Writer = (view: DataView, index: number, value: number) => void

const readers: Partial<Record<ElementType, Reader>> = {
  float32: (v, i) => v.getFloat32(i * 4, true),
  float64: (v, i) => v.getFloat64(i * 8, true),
  float16: (v, i) => float16ToNumber(v.getUint16(i * 2, true)),
  bfloat16: (v, i) => bfloat16ToNumber(v.getUint16(i * 2, true)),
  uint8: (v, i) => v.getUint8(i),
  int8: (v, i) => v.getInt8(i),
  bool: (v, i) => (v.getUint8(i) ? 1 : 0),
  uint16: (v, i) => v.getUint16(i * 2, true),
  int16: (v, i) => v.getInt16(i * 2, true),
  uint32: (v, i) => v.getUint32(i * 4, true),
  int32: (v, i) => v.getInt32(i * 4, true),
  uint64: (v, i) => Number(v.getBigUint64(i * 8, true)),
  int64: (v, i) => Number(v.getBigInt64(i * 8, true)),
  uint4: (v, i) => (v.getUint8(i >> 1) >> (4 * (i & 1))) & 15,
  int4: (v, i) => (((v.getUint8(i >> 1) >> (4 * (i & 1))) & 15) ^ 8) - 8,
  uint2: (v, i) => (v.getUint8(i >> 2) >> (2 * (i & 3))) & 3,
  int2: (v, i) => (((v.getUint8(i >> 2) >> (2 * (i & 3))) & 3) ^ 2) - 2,
  float8e4m3fn: (v, i) => minifloat(v.getUint8(i), 4, 3, 7, 'fn'),
  float8e4m3fnuz: (v, i) => minifloat(v.getUint8(i), 4, 3, 8, 'fnuz'),
  float8e5m2: (v, i) => minifloat(v.getUint8(i), 5, 2, 15, 'ieee'),
  float8e5m2fnuz: (v, i) => minifloat(v.getUint8(i), 5, 2, 16, 'fnuz'),
  float8e8m0: (v, i) => (v.getUint8(i) === 255 ? Number.NaN : 2 ** (v.getUint8(i) - 127)),
  float4e2m1: (v, i) => minifloat((v.getUint8(i >> 1) >> (4 * (i & 1))) & 15, 2, 1, 1, 'fn'),
}

const setBits = (v: DataView, i: number, width: number, value: number): void => {
  const perByte = 8 / width
  const at = Math.floor(i / perByte)
  const shift = width * (i % perByte)
  const mask = (1 << width) - 1
  v.setUint8(at, (v.getUint8(at) & ~(mask << shift)) | ((value & mask) << shift))
}

const toBigInt = (value: number, lowest: bigint, highest: bigint): bigint => {
  if (value >= Number(highest)) return highest
  if (value <= Number(lowest)) return lowest
  return BigInt(Math.trunc(value))
}

const writers: Partial<Record<ElementType, Writer>> = {
  float32: (v, i, x) => v.setFloat32(i * 4, x, true),
  float64: (v, i, x) => v.setFloat64(i * 8, x, true),
  float16: (v, i, x) => v.setUint16(i * 2, numberToFloat16(x), true),
  bfloat16: (v, i, x) => v.setUint16(i * 2, numberToBfloat16(x), true),
  uint8: (v, i, x) => v.setUint8(i, x),
  int8: (v, i, x) => v.setInt8(i, x),
  bool: (v, i, x) => v.setUint8(i, x ? 1 : 0),
  uint16: (v, i, x) => v.setUint16(i * 2, x, true),
  int16: (v, i, x) => v.setInt16(i * 2, x, true),
  uint32: (v, i, x) => v.setUint32(i * 4, x, true),
  int32: (v, i, x) => v.setInt32(i * 4, x, true),
  uint64: (v, i, x) => v.setBigUint64(i * 8, toBigInt(x, 0n, 2n ** 64n - 1n), true),
  int64: (v, i, x) => v.setBigInt64(i * 8, toBigInt(x, -(2n ** 63n), 2n ** 63n - 1n), true),
  uint4: (v, i, x) => setBits(v, i, 4, x),
  int4: (v, i, x) => setBits(v, i, 4, x),
  uint2: (v, i, x) => setBits(v, i, 2, x),
  int2: (v, i, x) => setBits(v, i, 2, x),
}

const unsupported = (type: ElementType, what: string) =>
  new KerfError(
    'unsupported-element-type',
    `${type} elements cannot be ${what} as numbers. Convert the tensor to float32 first.`,
    { elementType: type },
  )

/**
 * Decodes `count` elements.
 * @throws KerfError `unsupported-element-type` for strings and complex numbers, `too-short` when bytes are missing, `out-of-memory`
 */
export function decodeElements(type: ElementType, bytes: Uint8Array, count: number): Float64Array {
  const read = readers[type]
  if (!read) throw unsupported(type, 'read')
  const needed = byteLengthOf(type, count)
  if (bytes.byteLength < needed)
    throw new KerfError('too-short', `${count} ${type} elements need ${needed} bytes, received ${bytes.byteLength}.`, {
      needed,
      received: bytes.byteLength,
    })
  askMemory(8 * count, `Reading ${count} ${type} elements`)
  if (type === 'float32' && littleEndian && bytes.byteOffset % 4 === 0)
    return new Float64Array(new Float32Array(bytes.buffer, bytes.byteOffset, count))
  if (isHalf(type) && littleEndian && bytes.byteOffset % 2 === 0) {
    const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, count)
    return new Float64Array(widenHalves(type, halves, new Float32Array(count)))
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const out = new Float64Array(count)
  for (let i = 0; i < count; i++) out[i] = read(view, i)
  return out
}

/**
 * Typed arrays that read elements as they are stored. Without 64-bit integers, which are no numbers to JavaScript, and bool, of which every byte but
 * 0 is true.
 */
const views: Partial<
  Record<ElementType, new (buffer: ArrayBufferLike, offset: number, length: number) => ArrayLike<number>>
> = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
}

/**
 * `count` elements, to be read only: the given bytes themselves where this machine stores numbers so, otherwise decoded.
 * @throws as `decodeElements`
 */
export function elementsOf(type: ElementType, bytes: Uint8Array, count: number): ArrayLike<number> {
  const View = littleEndian ? views[type] : undefined
  const isView = View && bytes.byteOffset % byteLengthOf(type, 1) === 0 && bytes.byteLength >= byteLengthOf(type, count)
  return isView ? new View(bytes.buffer, bytes.byteOffset, count) : decodeElements(type, bytes, count)
}

/**
 * Encodes numbers; integers wrap to their width as in C, 64-bit ones saturate.
 * @throws KerfError `unsupported-element-type` for strings, complex numbers and 8-bit floats, `out-of-memory`; `not-a-number` for NaN as an integer, which would
 *   read as one
 */
export function encodeElements(type: ElementType, values: ArrayLike<number>): Uint8Array {
  const write = writers[type]
  if (!write) throw unsupported(type, 'written')
  const nan = isInteger(type) ? Array.prototype.findIndex.call(values, Number.isNaN) : -1
  if (nan >= 0)
    throw new KerfError('not-a-number', `Element ${nan} is NaN, which no ${type} is. Check what the network is fed.`, {
      elementType: type,
      element: nan,
    })
  const length = byteLengthOf(type, values.length)
  askMemory(length, `Writing ${values.length} ${type} elements`)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < values.length; i++) write(view, i, values[i]!)
  return bytes
}
