// y = x · W for one row x: bound by reading the weights. W lies as [out, in], so that four outputs read four runs of memory.

import { madd } from './simd'
import { shareStart } from './sync'
import { DenseF32 } from './table.generated'

export function denseF32(args: DenseF32, thread: i32, threads: i32): void {
  const x = args.x
  const bias = args.bias
  const y = args.y
  const inFeatures = args.inFeatures
  const outFeatures = args.outFeatures
  const lo = args.lo
  const hi = args.hi
  const row = 4 * <usize>inFeatures
  let o = shareStart(outFeatures, 16, thread, threads)
  const end = shareStart(outFeatures, 16, thread + 1, threads)
  let w = args.weights + row * o
  for (; o < end; o += 4) {
    // Beyond the last output the last row is repeated.
    const last = end - 1 - o
    const v = dots(x, w, w + row * min(1, last), w + row * min(2, last), w + row * min(3, last), inFeatures)
    finish(y, bias, o, f32x4.extract_lane(v, 0), lo, hi)
    if (last > 0) finish(y, bias, o + 1, f32x4.extract_lane(v, 1), lo, hi)
    if (last > 1) finish(y, bias, o + 2, f32x4.extract_lane(v, 2), lo, hi)
    if (last > 2) finish(y, bias, o + 3, f32x4.extract_lane(v, 3), lo, hi)
    w += 4 * row
  }
}

// @inline
function finish(y: usize, bias: usize, o: i32, v: f32, lo: f32, hi: f32): void {
  v += load<f32>(bias + 4 * <usize>o)
  store<f32>(y + 4 * <usize>o, v < lo ? lo : v > hi ? hi : v)
}

/** Products of x with four rows of weights. */
// biome-ignore format: what is done side by side stands side by side
function dots(x: usize, a: usize, b: usize, c: usize, d: usize, count: i32): v128 {
  let va = f32x4.splat(0), vb = va, vc = va, vd = va
  for (; count >= 4; count -= 4) {
    const v = v128.load(x)
    va = madd(v, v128.load(a), va)
    vb = madd(v, v128.load(b), vb)
    vc = madd(v, v128.load(c), vc)
    vd = madd(v, v128.load(d), vd)
    x += 16; a += 16; b += 16; c += 16; d += 16
  }
  // The lanes of each sum are added: transposed, the four sums are one vector.
  const ab = f32x4.add(
    i8x16.shuffle(va, vb, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
    i8x16.shuffle(va, vb, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31),
  )
  const cd = f32x4.add(
    i8x16.shuffle(vc, vd, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
    i8x16.shuffle(vc, vd, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31),
  )
  let sums = f32x4.add(
    i8x16.shuffle(ab, cd, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
    i8x16.shuffle(ab, cd, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31),
  )
  for (; count > 0; count--) {
    let rest = v128.load32_zero(a)
    rest = v128.load32_lane(b, rest, 1)
    rest = v128.load32_lane(c, rest, 2)
    rest = v128.load32_lane(d, rest, 3)
    sums = madd(v128.load32_splat(x), rest, sums)
    x += 4; a += 4; b += 4; c += 4; d += 4
  }
  return sums
}
