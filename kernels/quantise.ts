// Floats to codes: q = clamp(round(x / scale) + zeroPoint, 0, most), rounding half to even, as ONNX's QuantizeLinear.

import { shareStart } from './sync'
import { clamp } from './simd'

/** 1.5·2^23: a float below 2^22 added to it is rounded to the nearest integer (half to even), which then stands in the low bits. */
export const rounding: f32 = 12582912

/** Arguments: x, y (addresses), count, scaleF, zeroPointF, mostF (the largest code). */
export function quantiseU8(args: usize, thread: i32, threads: i32): void {
  const x = <usize>load<i32>(args, 0)
  const y = <usize>load<i32>(args, 4)
  const count = load<i32>(args, 8)
  const scale = load<f32>(args, 12)
  const zeroPoint = load<f32>(args, 16)
  const most = load<f32>(args, 20)
  // A division, as ONNX says it: times 1/scale, halves would fall to the wrong side.
  const vScale = f32x4.splat(scale)
  const lo = f32x4.splat(-zeroPoint)
  const hi = f32x4.splat(most - zeroPoint)
  // The zero point is added after rounding: half to even would otherwise depend on it.
  const vRound = f32x4.splat(rounding)
  const vZero = i8x16.splat(<i8>zeroPoint)
  const end = shareStart(count, 16, thread + 1, threads)
  let i = shareStart(count, 16, thread, threads)
  for (; i + 16 <= end; i += 16) {
    const from = x + 4 * <usize>i
    const v0 = f32x4.add(clamp(f32x4.div(v128.load(from), vScale), lo, hi), vRound)
    const v1 = f32x4.add(clamp(f32x4.div(v128.load(from, 16), vScale), lo, hi), vRound)
    const v2 = f32x4.add(clamp(f32x4.div(v128.load(from, 32), vScale), lo, hi), vRound)
    const v3 = f32x4.add(clamp(f32x4.div(v128.load(from, 48), vScale), lo, hi), vRound)
    const c0 = i8x16.shuffle(v0, v1, 0, 4, 8, 12, 16, 20, 24, 28, 0, 0, 0, 0, 0, 0, 0, 0)
    const c1 = i8x16.shuffle(v2, v3, 0, 4, 8, 12, 16, 20, 24, 28, 0, 0, 0, 0, 0, 0, 0, 0)
    v128.store(y + i, i8x16.add(i64x2.shuffle(c0, c1, 0, 2), vZero))
  }
  for (; i < end; i++) {
    const v = max(min(load<f32>(x + 4 * <usize>i) / scale, most - zeroPoint), -zeroPoint)
    store<u8>(y + i, <u8>(reinterpret<i32>(v + rounding) + <i32>zeroPoint))
  }
}
