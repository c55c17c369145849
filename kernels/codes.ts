// What lies between convolutions of codes, on bytes: sums of two, tables, pooling. Results that are calculated are whole floats, rounded half to even, in the
// low bits (quantise.ts).

import { entryD, entryH, entryW } from './pool'
import { rounding } from './quantise'
import { clamp } from './simd'
import { shareStart } from './sync'
import { CombineU8, MapU8, PoolU8 } from './table.generated'

/** Eight codes of floats that are less their zero point. */
// @inline
export function codesOf(v0: v128, v1: v128, lo: v128, hi: v128, zero: v128): v128 {
  const round = f32x4.splat(rounding)
  const c0 = f32x4.add(clamp(v0, lo, hi), round)
  const c1 = f32x4.add(clamp(v1, lo, hi), round)
  // The first bytes of all eight lanes.
  return i8x16.add(i8x16.shuffle(c0, c1, 0, 4, 8, 12, 16, 20, 24, 28, 0, 0, 0, 0, 0, 0, 0, 0), zero)
}

/** The first codes of eight. */
export function putSome(y: usize, codes: v128, count: i32): void {
  let rest = i64x2.extract_lane(codes, 0)
  for (let i = 0; i < count; i++) {
    store<u8>(y + i, <u8>rest)
    rest >>= 8
  }
}

// @inline
function scaled(words: v128, factor: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(words), factor)
}

export function combineU8(args: CombineU8, thread: i32, threads: i32): void {
  const channels = args.channels
  const a = f32x4.splat(args.xFactor)
  const b = f32x4.splat(args.wFactor)
  const xZero = i16x8.splat(<i16>args.xZero)
  const wZero = i16x8.splat(<i16>args.wZero)
  const lo = f32x4.splat(args.lo)
  const hi = f32x4.splat(args.hi)
  const zero = i8x16.splat(<i8>args.outZero)
  const isProduct = args.isProduct !== 0
  const rows = args.rows
  const first = rows === 1 ? shareStart(channels, 64, thread, threads) : 0
  const count = rows === 1 ? shareStart(channels, 64, thread + 1, threads) - first : channels
  const lastRow = rows === 1 ? 1 : shareStart(rows, 1, thread + 1, threads)
  for (let row = rows === 1 ? 0 : shareStart(rows, 1, thread, threads); row < lastRow; row++) {
    let x = args.x + <usize>(row * args.xPixel + first)
    let w = args.w + <usize>(row * args.wPixel + first)
    let y = args.y + <usize>(row * args.yPixel + first)
    // What is read behind the last code does not reach what is stored.
    for (let left = count; left > 0; left -= 8) {
      const xs = i16x8.sub(v128.load8x8_u(x), xZero)
      const ws = i16x8.sub(v128.load8x8_u(w), wZero)
      let v0: v128, v1: v128
      if (isProduct) {
        v0 = scaled(i32x4.extmul_low_i16x8_s(xs, ws), a)
        v1 = scaled(i32x4.extmul_high_i16x8_s(xs, ws), a)
      } else {
        v0 = f32x4.add(scaled(i32x4.extend_low_i16x8_s(xs), a), scaled(i32x4.extend_low_i16x8_s(ws), b))
        v1 = f32x4.add(scaled(i32x4.extend_high_i16x8_s(xs), a), scaled(i32x4.extend_high_i16x8_s(ws), b))
      }
      const codes = codesOf(v0, v1, lo, hi, zero)
      if (left >= 8) v128.store64_lane(y, codes, 0)
      else putSome(y, codes, left)
      x += 8
      w += 8
      y += 8
    }
  }
}

export function mapU8(args: MapU8, thread: i32, threads: i32): void {
  const channels = args.channels
  const xPixel = args.xPixel
  const yPixel = args.yPixel
  const table = args.table
  const step = args.yStep
  const first = shareStart(args.rows, 1, thread, threads)
  let x = args.x + <usize>(first * xPixel)
  let y = args.y + <usize>(first * yPixel)
  for (let rows = shareStart(args.rows, 1, thread + 1, threads) - first; rows > 0; rows--) {
    if (step !== 1) {
      for (let c = 0; c < channels; c++) {
        const byte = load<u8>(x + c)
        store<u8>(y + c * step, table === 0 ? byte : load<u8>(table + byte))
      }
    } else if (table === 0) memory.copy(y, x, channels)
    else {
      let c = 0
      for (; c + 4 <= channels; c += 4) {
        const four = load<u32>(x + c)
        store<u32>(
          y + c,
          <u32>load<u8>(table + (four & 255)) |
            ((<u32>load<u8>(table + ((four >> 8) & 255))) << 8) |
            ((<u32>load<u8>(table + ((four >> 16) & 255))) << 16) |
            ((<u32>load<u8>(table + (four >> 24))) << 24),
        )
      }
      for (; c < channels; c++) store<u8>(y + c, load<u8>(table + load<u8>(x + c)))
    }
    x += xPixel
    y += yPixel
  }
}

export function poolU8(args: PoolU8, thread: i32, threads: i32): void {
  const outH = args.outH
  const outW = args.outW
  const xPixel = <usize>args.xPixel
  const yPixel = <usize>args.yPixel
  // Shares are rows of the output, or parts of every one where there are few.
  const rows = args.batch * args.outD * outH
  const byRows = rows >= 8 * threads
  const last = byRows ? shareStart(rows, 1, thread + 1, threads) : rows
  const from = byRows ? 0 : shareStart(outW, 1, thread, threads)
  const to = byRows ? outW : shareStart(outW, 1, thread + 1, threads)
  for (let row = byRows ? shareStart(rows, 1, thread, threads) : 0; row < last; row++) {
    const nd = row / outH
    const n = nd / args.outD
    const d = entryD(args, nd - n * args.outD)
    const h = entryH(args, row - nd * outH)
    const x: usize = args.x + xPixel * (((<usize>n * args.inD + d.first) * args.inH + h.first) * args.inW)
    let y: usize = args.y + yPixel * (<usize>row * outW + from)
    for (let ow = from; ow < to; ow++) {
      const w = entryW(args, ow)
      if (args.average) mean(args, x + xPixel * <usize>w.first, y, d.taps, h.taps, w.taps, d.divisor * h.divisor * w.divisor)
      else largest(args, x + xPixel * <usize>w.first, y, d.taps, h.taps, w.taps)
      y += yPixel
    }
  }
}

function largest(args: PoolU8, x: usize, y: usize, tapsD: i32, tapsH: i32, tapsW: i32): void {
  for (let c = args.channels; c > 0; c -= 16) {
    let most = i8x16.splat(0)
    for (let i = 0; i < tapsD; i++)
      for (let j = 0; j < tapsH; j++) {
        let at = x + <usize>(i * args.stepD + j * args.stepH)
        for (let k = tapsW; k > 0; k--) {
          most = v128.max<u8>(most, v128.load(at))
          at += args.stepW
        }
      }
    if (c >= 16) v128.store(y, most)
    else {
      putSome(y, most, min(c, 8))
      if (c > 8) putSome(y + 8, i64x2.shuffle(most, most, 1, 1), c - 8)
    }
    x += 16
    y += 16
  }
}

function mean(args: PoolU8, x: usize, y: usize, tapsD: i32, tapsH: i32, tapsW: i32, divisor: i32): void {
  const factor = f32x4.splat(args.factor / <f32>divisor)
  const zeros = i32x4.splat(args.xZero * tapsD * tapsH * tapsW)
  const lo = f32x4.splat(args.lo)
  const hi = f32x4.splat(args.hi)
  const zero = i8x16.splat(<i8>args.outZero)
  for (let c = args.channels; c > 0; c -= 8) {
    let s0 = i32x4.splat(0)
    let s1 = s0
    for (let i = 0; i < tapsD; i++)
      for (let j = 0; j < tapsH; j++) {
        let at = x + <usize>(i * args.stepD + j * args.stepH)
        for (let k = tapsW; k > 0; k--) {
          const v = v128.load8x8_u(at)
          s0 = i32x4.add(s0, i32x4.extend_low_i16x8_u(v))
          s1 = i32x4.add(s1, i32x4.extend_high_i16x8_u(v))
          at += args.stepW
        }
      }
    const v0 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(s0, zeros)), factor)
    const v1 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(s1, zeros)), factor)
    const codes = codesOf(v0, v1, lo, hi, zero)
    if (c >= 8) v128.store64_lane(y, codes, 0)
    else putSome(y, codes, c)
    x += 8
    y += 8
  }
}
