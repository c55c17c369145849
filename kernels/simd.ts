// Small SIMD helpers shared by the float kernels.

/** c + a·b in four floats: fused where the engine has relaxed SIMD, else rounded twice (unpack.ts takes it apart). */
// @inline
export function madd(a: v128, b: v128, c: v128): v128 {
  return f32x4.relaxed_madd(a, b, c)
}

/** min(max(v, lo), hi) in four floats; a NaN stays. `pmin` and `pmax` are one instruction on x86, `min` and `max` several. */
// @inline
export function clamp(v: v128, lo: v128, hi: v128): v128 {
  return f32x4.pmin(f32x4.pmax(v, lo), hi)
}

/** The first `count` floats at an address, zeros after them; `count` below 0 is none, above 4 is 4. Nothing beyond them is read. */
export function loadSome(at: usize, count: i32): v128 {
  if (count >= 4) return v128.load(at)
  let v = f32x4.splat(0)
  if (count > 0) v = v128.load32_lane(at, v, 0)
  if (count > 1) v = v128.load32_lane(at, v, 1, 4)
  if (count > 2) v = v128.load32_lane(at, v, 2, 8)
  return v
}

/** Stores the first `count` floats of v; `count` below 0 is none, above 4 is 4. */
export function storeSome(at: usize, v: v128, count: i32): void {
  if (count >= 4) {
    v128.store(at, v)
    return
  }
  if (count > 0) v128.store32_lane(at, v, 0)
  if (count > 1) v128.store32_lane(at, v, 1, 4)
  if (count > 2) v128.store32_lane(at, v, 2, 8)
}

/** The greater in four floats, NaN where either is. Less than `max` on x86, where that is eight instructions: of two operands `pmax` keeps a NaN in the first. */
// @inline
export function greater(most: v128, x: v128): v128 {
  return v128.or(f32x4.pmax(most, x), f32x4.ne(x, x))
}

/** The less, likewise. */
// @inline
export function less(least: v128, x: v128): v128 {
  return v128.or(f32x4.pmin(least, x), f32x4.ne(x, x))
}
