// Floats to codes: q = clamp(round(x / scale) + zeroPoint, least, most), rounding half to even, as ONNX's QuantizeLinear.

import { clamp, less } from './simd'
import { shareStart } from './sync'
import { DequantiseU8, QuantiseF32, QuantiseU8, RangeCodesF32, RangeF32 } from './table.generated'

/** 1.5·2^23: a float below 2^22 added to it is rounded to the nearest integer (half to even), which then stands in the low bits. */
export const rounding: f32 = 12582912

export function quantiseU8(args: QuantiseU8, thread: i32, threads: i32): void {
  const rows = args.rows
  const channels = args.channels
  if (rows === 1) {
    const first = shareStart(channels, 16, thread, threads)
    quantiseRow(args, args.x + 4 * <usize>first, args.y + first, shareStart(channels, 16, thread + 1, threads) - first)
    return
  }
  const end = shareStart(rows, 1, thread + 1, threads)
  for (let row = shareStart(rows, 1, thread, threads); row < end; row++)
    quantiseRow(args, args.x + 4 * <usize>(row * args.xPixel), args.y + <usize>(row * args.yPixel), channels)
}

function quantiseRow(args: QuantiseU8, x: usize, y: usize, count: i32): void {
  const scale = args.scale
  const zeroPoint = args.zeroPoint
  const least = args.least
  const most = args.most
  // A division, as ONNX says it: times 1/scale, halves would fall to the wrong side.
  const vScale = f32x4.splat(scale)
  const lo = f32x4.splat(least - zeroPoint)
  const hi = f32x4.splat(most - zeroPoint)
  // The zero point is added after rounding: half to even would otherwise depend on it.
  const vRound = f32x4.splat(rounding)
  const vZero = i8x16.splat(<i8>zeroPoint)
  for (; count >= 16; count -= 16) {
    const v0 = f32x4.add(clamp(f32x4.div(v128.load(x), vScale), lo, hi), vRound)
    const v1 = f32x4.add(clamp(f32x4.div(v128.load(x, 16), vScale), lo, hi), vRound)
    const v2 = f32x4.add(clamp(f32x4.div(v128.load(x, 32), vScale), lo, hi), vRound)
    const v3 = f32x4.add(clamp(f32x4.div(v128.load(x, 48), vScale), lo, hi), vRound)
    const c0 = i8x16.shuffle(v0, v1, 0, 4, 8, 12, 16, 20, 24, 28, 0, 0, 0, 0, 0, 0, 0, 0)
    const c1 = i8x16.shuffle(v2, v3, 0, 4, 8, 12, 16, 20, 24, 28, 0, 0, 0, 0, 0, 0, 0, 0)
    v128.store(y, i8x16.add(i64x2.shuffle(c0, c1, 0, 2), vZero))
    x += 64
    y += 16
  }
  for (; count > 0; count--) {
    const v = max(min(load<f32>(x) / scale, most - zeroPoint), least - zeroPoint)
    store<u8>(y, <u8>(reinterpret<i32>(v + rounding) + <i32>zeroPoint))
    x += 4
    y++
  }
}

// @inline
function dequantised(words: v128, zero: v128, scale: v128, lo: v128, hi: v128): v128 {
  return clamp(f32x4.mul(f32x4.sub(f32x4.convert_i32x4_u(words), zero), scale), lo, hi)
}

export function dequantiseU8(args: DequantiseU8, thread: i32, threads: i32): void {
  const rows = args.rows
  const channels = args.channels
  if (rows === 1) {
    const first = shareStart(channels, 16, thread, threads)
    dequantiseRow(args, args.x + first, args.y + 4 * <usize>first, shareStart(channels, 16, thread + 1, threads) - first)
    return
  }
  const end = shareStart(rows, 1, thread + 1, threads)
  for (let row = shareStart(rows, 1, thread, threads); row < end; row++)
    dequantiseRow(args, args.x + <usize>(row * args.xPixel), args.y + 4 * <usize>(row * args.yPixel), channels)
}

function dequantiseRow(args: DequantiseU8, x: usize, y: usize, count: i32): void {
  const scale = f32x4.splat(args.scale)
  const zero = f32x4.splat(args.zeroPoint)
  const lo = f32x4.splat(args.lo)
  const hi = f32x4.splat(args.hi)
  for (; count >= 8; count -= 8) {
    const words = v128.load8x8_u(x)
    v128.store(y, dequantised(i32x4.extend_low_i16x8_u(words), zero, scale, lo, hi))
    v128.store(y, dequantised(i32x4.extend_high_i16x8_u(words), zero, scale, lo, hi), 16)
    x += 8
    y += 32
  }
  for (; count > 0; count--) {
    v128.store32_lane(y, dequantised(i32x4.splat(load<u8>(x)), zero, scale, lo, hi), 0)
    x++
    y += 4
  }
}

export function rangeF32(args: RangeF32, thread: i32, threads: i32): void {
  const x = args.x
  const partials = args.partials + 8 * <usize>thread
  const count = args.count
  const end = shareStart(count, 16, thread + 1, threads)
  let i = shareStart(count, 16, thread, threads)
  const zero = f32x4.splat(0)
  let lo0 = zero
  let lo1 = zero
  let hi0 = zero
  let hi1 = zero
  for (; i + 8 <= end; i += 8) {
    const v0 = v128.load(x + 4 * <usize>i)
    const v1 = v128.load(x + 4 * <usize>i, 16)
    // Of a NaN there is no scale.
    lo0 = less(lo0, v0)
    lo1 = less(lo1, v1)
    hi0 = f32x4.pmax(hi0, v0)
    hi1 = f32x4.pmax(hi1, v1)
  }
  for (; i < end; i++) {
    const v = v128.load32_zero(x + 4 * <usize>i)
    lo0 = less(lo0, v)
    hi0 = f32x4.pmax(hi0, v)
  }
  lo0 = f32x4.min(lo0, lo1)
  hi0 = f32x4.pmax(hi0, hi1)
  lo0 = f32x4.min(lo0, v128.shuffle<i64>(lo0, lo0, 1, 0))
  hi0 = f32x4.pmax(hi0, v128.shuffle<i64>(hi0, hi0, 1, 0))
  store<f32>(partials, min(f32x4.extract_lane(lo0, 0), f32x4.extract_lane(lo0, 1)))
  store<f32>(partials, max(f32x4.extract_lane(hi0, 0), f32x4.extract_lane(hi0, 1)), 4)
}

/** Of all zeros both are 0. */
export function rangeCodesF32(args: RangeCodesF32, thread: i32, threads: i32): void {
  if (thread !== 0) return
  const partials = args.partials
  let least: f32 = 0
  let most: f32 = 0
  for (let t = 0; t < threads; t++) {
    least = min(least, load<f32>(partials + 8 * <usize>t))
    most = max(most, load<f32>(partials + 8 * <usize>t, 4))
  }
  const scale = (most - least) / 255
  store<f32>(args.scale, scale)
  store<f32>(args.zeroPoint, scale === 0 ? 0 : min(nearest(-least / scale), 255))
}

export function quantiseF32(args: QuantiseF32, thread: i32, threads: i32): void {
  const x = args.x
  const y = args.y
  const count = args.count
  const given = load<f32>(args.scale)
  const zeroPoint = load<f32>(args.zeroPoint)
  // Rounded by itself: half to even would otherwise depend on the zero point. Bounds less the zero point are whole numbers, too.
  const after: f32 = args.centred ? 0 : zeroPoint
  const lo = f32x4.splat(args.lo - zeroPoint)
  const hi = f32x4.splat(args.hi - zeroPoint)
  const scale = f32x4.splat(given === 0 ? 1 : given)
  const zero = f32x4.splat(after)
  const end = shareStart(count, 16, thread + 1, threads)
  let i = shareStart(count, 16, thread, threads)
  for (; i + 8 <= end; i += 8) {
    const from = x + 4 * <usize>i
    const to = y + 4 * <usize>i
    const v0 = f32x4.nearest(f32x4.div(v128.load(from), scale))
    const v1 = f32x4.nearest(f32x4.div(v128.load(from, 16), scale))
    v128.store(to, f32x4.add(clamp(v0, lo, hi), zero))
    v128.store(to, f32x4.add(clamp(v1, lo, hi), zero), 16)
  }
  for (; i < end; i++) {
    const v = f32x4.nearest(f32x4.div(v128.load32_zero(x + 4 * <usize>i), scale))
    v128.store32_lane(y + 4 * <usize>i, f32x4.add(clamp(v, lo, hi), zero), 0)
  }
}
