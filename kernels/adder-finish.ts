// From integer sums to what a layer puts out: y = a[o]·(2·Σ(w ∸ x) + Σx − Σw) + b[o], then the residual, then clamping.
//
// The sums come as kernels/adder-u8.ts makes them: of each pixel two of 16 bits for each of 8 filters, and what did not fit as i32; or one of 32 bits, which is
// 2·Σmax(x, w) − Σw. Constants of a panel of 8 filters: a (8 floats), b (8 floats), −Σw (8 i32; with it what fills up runs). The integers are exact, and so are
// they as floats below 2^24.

import { rounding } from './quantise'
import { clamp, loadSome, storeSome } from './simd'
import { AdderU8 } from './table.generated'

/** wide = 2·narrow, or with `add` wide + 2·narrow. 8 filters of `count` pixels. */
export function collect(narrow: usize, wide: usize, count: i32, add: bool): void {
  const twos = i16x8.splat(2)
  for (const end = narrow + 32 * <usize>count; narrow < end; narrow += 16) {
    const sum = i32x4.dot_i16x8_s(v128.load(narrow), twos)
    v128.store(wide, add ? i32x4.add(v128.load(wide), sum) : sum)
    wide += 16
  }
}

/** Σ|x − w| of four filters, as floats: of two sums w ∸ x of 16 bits each and what did not fit into them, `wide` if not 0; or of what dot products made. */
// @inline
function distances(narrow: usize, wide: usize, sum: v128, negated: v128, twos: v128, dots: bool): v128 {
  let exact: v128
  if (dots) exact = i32x4.sub(v128.load(narrow), sum)
  else {
    exact = i32x4.add(i32x4.dot_i16x8_s(v128.load(narrow), twos), i32x4.add(sum, negated))
    if (wide) exact = i32x4.add(exact, v128.load(wide))
  }
  return f32x4.convert_i32x4_s(exact)
}

/** A float argument in all lanes, loaded as a vector: a splat of a scalar V8 makes anew for every pixel, which takes 6 % of a small layer. */
// @inline
function splatOf(args: AdderU8, offset: usize): v128 {
  return v128.load32_splat(changetype<usize>(args) + offset)
}

/**
 * Floats, channels that are no whole panel and residuals included.
 * @param narrow sums of 16 bits
 * @param wide where more, doubled, is to be added to them, or 0
 * @param out of the first result, in elements
 * @param columns channels from there to the group's end
 */
export function finishFloats(args: AdderU8, narrow: usize, wide: usize, sums: usize, count: i32, filter: usize, out: i32, columns: i32): void {
  const a0 = v128.load(filter)
  const a1 = v128.load(filter, 16)
  const b0 = v128.load(filter, 32)
  const b1 = v128.load(filter, 48)
  const n0 = v128.load(filter, 64)
  const n1 = v128.load(filter, 80)
  const lo = splatOf(args, offsetof<AdderU8>('lo'))
  const hi = splatOf(args, offsetof<AdderU8>('hi'))
  const twos = i16x8.splat(2)
  const dots = args.dots !== 0
  const wideStep: usize = wide ? 16 : 0
  const pixelBytes = 4 * <usize>args.yPixel
  let y = args.y + 4 * <usize>out
  let residual = args.residual
  const some = residual !== 0
  if (some) residual += 4 * <usize>out
  for (; count > 0; count--) {
    const sum = v128.load32_splat(sums)
    const t0 = distances(narrow, wide, sum, n0, twos, dots)
    const t1 = distances(narrow + 16, wide + wideStep, sum, n1, twos, dots)
    wide += 2 * wideStep
    let v0 = f32x4.add(f32x4.mul(t0, a0), b0)
    let v1 = f32x4.add(f32x4.mul(t1, a1), b1)
    if (columns >= 8) {
      if (some) {
        v0 = f32x4.add(v0, v128.load(residual))
        v1 = f32x4.add(v1, v128.load(residual, 16))
      }
      v128.store(y, clamp(v0, lo, hi))
      v128.store(y, clamp(v1, lo, hi), 16)
    } else {
      if (some) {
        v0 = f32x4.add(v0, loadSome(residual, columns))
        v1 = f32x4.add(v1, loadSome(residual + 16, columns - 4))
      }
      storeSome(y, clamp(v0, lo, hi), columns)
      storeSome(y + 16, clamp(v1, lo, hi), columns - 4)
    }
    narrow += 32
    sums += 4
    y += pixelBytes
    residual += pixelBytes
  }
}

/** The same as codes of the next layer: its scale is in a, b, lo and hi, its zero point is added after rounding. */
export function finishBytes(args: AdderU8, narrow: usize, wide: usize, sums: usize, count: i32, filter: usize, out: i32, columns: i32): void {
  const a0 = v128.load(filter)
  const a1 = v128.load(filter, 16)
  const b0 = v128.load(filter, 32)
  const b1 = v128.load(filter, 48)
  const n0 = v128.load(filter, 64)
  const n1 = v128.load(filter, 80)
  const lo = splatOf(args, offsetof<AdderU8>('lo'))
  const hi = splatOf(args, offsetof<AdderU8>('hi'))
  const round = f32x4.splat(rounding)
  const zero = i8x16.splat(<i8>args.outZero)
  const twos = i16x8.splat(2)
  const dots = args.dots !== 0
  const wideStep: usize = wide ? 16 : 0
  const pixelBytes = <usize>args.yPixel
  let y = args.y + out
  for (; count > 0; count--) {
    const sum = v128.load32_splat(sums)
    const t0 = distances(narrow, wide, sum, n0, twos, dots)
    const t1 = distances(narrow + 16, wide + wideStep, sum, n1, twos, dots)
    wide += 2 * wideStep
    const v0 = f32x4.add(clamp(f32x4.add(f32x4.mul(t0, a0), b0), lo, hi), round)
    const v1 = f32x4.add(clamp(f32x4.add(f32x4.mul(t1, a1), b1), lo, hi), round)
    // The first bytes of all eight lanes.
    const codes = i8x16.add(i8x16.shuffle(v0, v1, 0, 4, 8, 12, 16, 20, 24, 28, 0, 0, 0, 0, 0, 0, 0, 0), zero)
    if (columns >= 8) v128.store64_lane(y, codes, 0)
    else {
      let rest = i64x2.extract_lane(codes, 0)
      for (let i = 0; i < columns; i++) {
        store<u8>(y + i, <u8>rest)
        rest >>= 8
      }
    }
    narrow += 32
    sums += 4
    y += pixelBytes
  }
}
