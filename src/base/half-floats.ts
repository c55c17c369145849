import type { ElementType } from './element-type.ts'

/*
 * 16-bit floats: binary16 (IEEE 754) and bfloat16, the upper half of a float32. Single numbers, and whole arrays for weights and images, where
 * JavaScript's own Float16Array is not there before Node 24.
 */

export type HalfType = Extract<ElementType, 'float16' | 'bfloat16'>

export const isHalf = (type: ElementType | undefined): type is HalfType => type === 'float16' || type === 'bfloat16'

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** binary16 bits to a number. */
export function float16ToNumber(h: number): number {
  const sign = h & 0x8000 ? -1 : 1
  const exponent = (h >> 10) & 0x1f
  const fraction = h & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

const double = new DataView(new ArrayBuffer(8))

/** A number to binary16 bits, rounding to nearest, ties to even. */
export function numberToFloat16(value: number): number {
  double.setFloat64(0, value)
  const sign = double.getUint16(0) & 0x8000
  const a = Math.abs(value)
  if (Number.isNaN(value)) return sign | 0x7e00
  if (a >= 65520) return sign | 0x7c00
  // Below 2^-14 the spacing is 2^-24 (subnormal); above, 2^-10 of the leading power of two.
  const exponent = a < 2 ** -14 ? -14 : Math.floor(Math.log2(a))
  const units = roundTiesToEven(a / 2 ** (exponent - 10))
  return sign | (a < 2 ** -14 ? units : (exponent + 14) * 1024 + units)
}

/** The nearest whole number, halves to the even one. */
export function roundTiesToEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
}

export function bfloat16ToNumber(b: number): number {
  bits[0] = b << 16
  return float[0]!
}

export function numberToBfloat16(value: number): number {
  float[0] = value
  const u = bits[0]!
  if (Number.isNaN(value)) return 0x7fc0
  return ((u + 0x7fff + ((u >>> 16) & 1)) >>> 16) & 0xffff
}

/** Every binary16 number by its bits: 256 KiB, made when first asked for. Reading it is five times as fast as computing. */
let everyFloat16: Float32Array | undefined

/** Halves as float32, which holds them all. @param into as long as `halves` */
export function widenHalves(type: HalfType, halves: Uint16Array, into: Float32Array): Float32Array {
  if (type === 'bfloat16') {
    const words = new Uint32Array(into.buffer, into.byteOffset, into.length)
    for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16
    return into
  }
  everyFloat16 ??= Float32Array.from({ length: 65536 }, (_, h) => float16ToNumber(h))
  const table = everyFloat16
  for (let i = 0; i < halves.length; i++) into[i] = table[halves[i]!]!
  return into
}

/** float32 numbers as halves, rounded to the nearest, ties to even. @param into as long as `floats` */
export function narrowFloats(type: HalfType, floats: Float32Array, into: Uint16Array): Uint16Array {
  if (type === 'bfloat16') {
    for (let i = 0; i < floats.length; i++) into[i] = numberToBfloat16(floats[i]!)
    return into
  }
  const words = new Int32Array(floats.buffer, floats.byteOffset, floats.length)
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    const size = word & 0x7fffffff
    const sign = (word >>> 16) & 0x8000
    // From 2^-14 up to what rounds to infinity: the fraction is shortened, after adding half of its last place less one and its own last bit.
    if (size >= 0x38800000 && size < 0x47800000)
      into[i] = sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13)
    else if (size === 0) into[i] = sign
    else if (size < 0x38800000) {
      // Below, places are 2^-24, as they are in a float32 from 0.5 on: adding rounds.
      float[0] = Math.abs(floats[i]!) + 0.5
      into[i] = sign | (bits[0]! - 0x3f000000)
    } else into[i] = sign | (size > 0x7f800000 ? 0x7e00 : 0x7c00)
  }
  return into
}
