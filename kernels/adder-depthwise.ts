// Depthwise adder convolution, one filter per channel: y[p, c] = b[c] − Σ_t |x[pointer(p, t), c] − w[t, c]|. Lanes are channels. Nothing can be
// shared between filters here, so the absolute difference is taken directly.

import { rounding } from './quantise'
import { clamp, loadSome, storeSome } from './simd'
import { pieceEnd, takePiece } from './sync'
import { AdderDepthwiseF32, AdderDepthwiseU8, AdderLayer } from './table.generated'

/** Of a piece of work. */
const leastPixels: i32 = 16

/**
 * For one output pixel: the addresses of the input pixels under the window, where padding lies the address of `padding`, a pixel of zeros (or
 * codes of zero).
 */
// @inline
function writePointers(args: AdderLayer, to: usize, pixel: i32, pixelBytes: usize, padding: usize): void {
  const inHeight = args.inHeight
  const inWidth = args.inWidth
  const outHeight = args.outHeight
  const outWidth = args.outWidth
  const kernelHeight = args.kernelHeight
  const kernelWidth = args.kernelWidth
  const dilationHeight = args.dilationHeight
  const dilationWidth = args.dilationWidth
  const ox = pixel % outWidth
  const oy = (pixel / outWidth) % outHeight
  const image = pixel / (outWidth * outHeight)
  const ix = ox * args.strideWidth - args.padLeft
  let iy = oy * args.strideHeight - args.padTop
  const x = args.x
  for (let ky = 0; ky < kernelHeight; ky++) {
    const inside = <u32>iy < <u32>inHeight
    let column = ix
    for (let kx = 0; kx < kernelWidth; kx++) {
      const from = x + pixelBytes * <usize>((image * inHeight + iy) * inWidth + column)
      store<i32>(to, <i32>(inside && <u32>column < <u32>inWidth ? from : padding))
      to += 4
      column += dilationWidth
    }
    iy += dilationHeight
  }
}

/** Weights: taps × channels floats, channels filled up to 4. Filters: a and b, channels each (filled up). Scratch: pointers, then a pixel of zeros. */
export function adderDepthwiseF32(args: AdderDepthwiseF32, thread: i32, threads: i32): void {
  const most = args.scratchThreads
  if (threads > most) threads = most
  if (thread >= threads) return
  const channels = args.outChannels
  const padded = <usize>((channels + 3) & ~3)
  const taps = args.kernelHeight * args.kernelWidth
  const pixels = args.batch * args.outHeight * args.outWidth
  const padding = args.scratch + <usize>args.scratchBytes * thread
  const pointers = padding + 4 * padded
  memory.fill(padding, 0, 4 * padded)
  const weights = args.weights
  const filters = args.filters
  const lo = f32x4.splat(args.lo)
  const hi = f32x4.splat(args.hi)
  const residualStart = args.residual
  for (let pixel = 0, end = 0; ; pixel++) {
    if (pixel === end) {
      pixel = takePiece(pixels, 1, leastPixels, pixels, thread, threads)
      if (pixel < 0) return
      end = pieceEnd
    }
    writePointers(args, pointers, pixel, 4 * <usize>args.xPixel, padding)
    const out = 4 * <usize>pixel * <usize>args.yPixel
    const y = args.y + out
    for (let c = 0; c < channels; c += 4) {
      const offset = 4 * <usize>c
      const left = channels - c
      let w = weights + offset
      let sum = f32x4.splat(0)
      for (let t = 0; t < taps; t++) {
        const from = <usize>load<i32>(pointers + 4 * <usize>t) + offset
        const x = left >= 4 ? v128.load(from) : loadSome(from, left)
        sum = f32x4.add(sum, f32x4.abs(f32x4.sub(x, v128.load(w))))
        w += 4 * padded
      }
      let v = f32x4.add(f32x4.mul(sum, v128.load(filters + offset)), v128.load(filters + 4 * padded + offset))
      if (residualStart) v = f32x4.add(v, loadSome(residualStart + out + offset, left))
      storeSome(y + offset, clamp(v, lo, hi), left)
    }
  }
}

/** The first `count` bytes at an address (all 16 from 16 on), zeros after them. */
function loadSomeBytes(from: usize, count: i32): v128 {
  if (count >= 16) return v128.load(from)
  let low: u64 = 0
  let high: u64 = 0
  for (let i = min(count, 8) - 1; i >= 0; i--) low = (low << 8) | load<u8>(from + i)
  for (let i = count - 1; i >= 8; i--) high = (high << 8) | load<u8>(from + i)
  return i64x2.replace_lane(i64x2.splat(low), 1, high)
}

/**
 * The same of bytes, exact: at most `adderDepthwiseTaps`, whose sum fits into 16 bits. Weights: taps × channels codes, channels filled up to 16; filters: a
 * and b, channels each (filled up). Scratch: a pixel of padding codes, then 64 bytes, then pointers.
 */
export function adderDepthwiseU8(args: AdderDepthwiseU8, thread: i32, threads: i32): void {
  const most = args.scratchThreads
  if (threads > most) threads = most
  if (thread >= threads) return
  const channels = args.outChannels
  const padded = <usize>((channels + 15) & ~15)
  const taps = args.kernelHeight * args.kernelWidth
  const pixels = args.batch * args.outHeight * args.outWidth
  const padding = args.scratch + <usize>args.scratchBytes * thread
  const sums = padding + padded
  const pointers = sums + 64
  memory.fill(padding, <u8>args.padCode, padded)
  const weights = args.weights
  const filters = args.filters
  for (let pixel = 0, end = 0; ; pixel++) {
    if (pixel === end) {
      pixel = takePiece(pixels, 1, leastPixels, pixels, thread, threads)
      if (pixel < 0) return
      end = pieceEnd
    }
    writePointers(args, pointers, pixel, args.xPixel, padding)
    for (let c = 0; c < channels; c += 16) {
      const left = channels - c
      let w = weights + c
      let low = i16x8.splat(0)
      let high = low
      for (let t = 0; t < taps; t++) {
        const from = <usize>load<i32>(pointers + 4 * <usize>t) + c
        const x = left >= 16 ? v128.load(from) : loadSomeBytes(from, left)
        const v = v128.load(w)
        const difference = v128.or(v128.sub_sat<u8>(x, v), v128.sub_sat<u8>(v, x))
        low = i16x8.add(low, i16x8.extend_low_i8x16_u(difference))
        high = i16x8.add(high, i16x8.extend_high_i8x16_u(difference))
        w += padded
      }
      v128.store(sums, i32x4.extend_low_i16x8_u(low))
      v128.store(sums, i32x4.extend_high_i16x8_u(low), 16)
      v128.store(sums, i32x4.extend_low_i16x8_u(high), 32)
      v128.store(sums, i32x4.extend_high_i16x8_u(high), 48)
      finishPixel(args, sums, filters + 4 * <usize>c, 4 * padded, pixel * args.yPixel + c, min(16, left))
    }
  }
}

/** Up to 16 channels of one pixel; `out` counts elements. */
function finishPixel(args: AdderDepthwiseU8, sums: usize, filter: usize, filterBytes: usize, out: i32, left: i32): void {
  const lo = f32x4.splat(args.lo)
  const hi = f32x4.splat(args.hi)
  const toBytes = args.toBytes
  const zero = args.outZero
  const residual = args.residual
  const y = args.y
  for (; left > 0; left -= 4) {
    let v = f32x4.mul(f32x4.convert_i32x4_s(v128.load(sums)), v128.load(filter))
    v = f32x4.add(v, v128.load(filter + filterBytes))
    if (toBytes) {
      v = f32x4.add(clamp(v, lo, hi), f32x4.splat(rounding))
      const codes = i32x4.add(v, i32x4.splat(zero))
      const to = y + out
      store<u8>(to, i32x4.extract_lane(codes, 0))
      if (left > 1) store<u8>(to, i32x4.extract_lane(codes, 1), 1)
      if (left > 2) store<u8>(to, i32x4.extract_lane(codes, 2), 2)
      if (left > 3) store<u8>(to, i32x4.extract_lane(codes, 3), 3)
    } else {
      if (residual) v = f32x4.add(v, loadSome(residual + 4 * <usize>out, left))
      storeSome(y + 4 * <usize>out, clamp(v, lo, hi), left)
    }
    sums += 16
    filter += 16
    out += 4
  }
}
