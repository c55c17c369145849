// Functions of four floats at a time. Relative errors against float64 over their range: see src/runtime/backends/wasm/steps/math.test.ts, which
// measures and bounds them, and docs/decisions/0012.
//
//   exp(x) = 2ⁿ · exp(r),  n = round(x / ln 2),  r = x − n·ln 2 in two parts (Cody and Waite),  |r| ≤ ln 2 / 2
//   log(x) = e·ln 2 + log(m),  √½ ≤ m < √2,  log(1 + f) = 2·artanh(s),  s = f / (2 + f)
//
// The polynomial of exp is its Taylor series (rest below 6e-9), that of log the series of artanh (rest below 3e-9).

import { clamp, madd } from './simd'

/** x in all four lanes. */
// @inline
export function splat(x: f32): v128 {
  return f32x4.splat(x)
}

/** Sum of four lanes. */
// @inline
export function sumLanes(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 2) + (f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 3))
}

// 1.5 · 2^23: adding it rounds a small number to an integer, which then stands in the low bits.
const rounder: f32 = 12582912
const rounderBits: i32 = 0x4b400000
const log2e = Mathf.LOG2E
const ln2High: f32 = 0.693359375
const ln2Low: f32 = -2.12194440054690583e-4

/** exp(r) − 1 for |r| ≤ ln 2 / 2, relative to itself. */
// @inline
function expm1Small(r: v128): v128 {
  let p = splat(1.0 / 5040)
  p = madd(p, r, splat(1.0 / 720))
  p = madd(p, r, splat(1.0 / 120))
  p = madd(p, r, splat(1.0 / 24))
  p = madd(p, r, splat(1.0 / 6))
  p = madd(p, r, splat(0.5))
  return madd(f32x4.mul(r, r), p, r)
}

/** n as a float plus `rounder`. */
// @inline
function powerOf(x: v128): v128 {
  return f32x4.add(f32x4.mul(x, splat(log2e)), splat(rounder))
}

// @inline
function rest(x: v128, n: v128): v128 {
  return f32x4.sub(f32x4.sub(x, f32x4.mul(n, splat(ln2High))), f32x4.mul(n, splat(ln2Low)))
}

/** eˣ; +∞ beyond 88.7, subnormal numbers and 0 at the other end. */
// @inline
export function exp(x: v128): v128 {
  x = clamp(x, splat(-104), splat(89))
  const z = powerOf(x)
  const n = f32x4.sub(z, splat(rounder))
  const p = f32x4.add(expm1Small(rest(x, n)), splat(1))
  // 2ⁿ in two factors, since n reaches from -150 to 128.
  const k = i32x4.sub(z, i32x4.splat(rounderBits))
  const half = i32x4.shr_s(k, 1)
  const a = i32x4.shl(i32x4.add(half, i32x4.splat(127)), 23)
  const b = i32x4.shl(i32x4.add(i32x4.sub(k, half), i32x4.splat(127)), 23)
  return f32x4.mul(f32x4.mul(p, a), b)
}

/** eˣ − 1 for x ≤ 0, relative to itself. */
// @inline
export function expm1Negative(x: v128): v128 {
  x = f32x4.pmax(x, splat(-40))
  const z = powerOf(x)
  const n = f32x4.sub(z, splat(rounder))
  const p = expm1Small(rest(x, n))
  const scale = i32x4.add(i32x4.shl(z, 23), i32x4.splat(0x3f800000))
  return madd(p, scale, f32x4.sub(scale, splat(1)))
}

/** ln x; −∞ at 0, NaN below. */
// @inline
export function log(x: v128): v128 {
  const tiny = f32x4.lt(x, splat(1.17549435e-38))
  const scaled = v128.bitselect(f32x4.mul(x, splat(8388608)), x, tiny)
  // The exponent of m = 2^-e · x in [√½, √2): √½ is 0x3f3504f3.
  const e = i32x4.shr_s(i32x4.sub(scaled, i32x4.splat(0x3f3504f3)), 23)
  const m = i32x4.sub(scaled, i32x4.shl(e, 23))
  const n = f32x4.sub(f32x4.convert_i32x4_s(e), v128.and(tiny, splat(23)))
  const f = f32x4.sub(m, splat(1))
  const s = f32x4.div(f, f32x4.add(f, splat(2)))
  const w = f32x4.mul(s, s)
  let r = splat(2.0 / 9)
  r = madd(r, w, splat(2.0 / 7))
  r = madd(r, w, splat(2.0 / 5))
  r = madd(r, w, splat(2.0 / 3))
  r = f32x4.mul(r, w)
  // 2·artanh(s) = f − s·(f − r)
  const y = f32x4.add(f32x4.add(f32x4.sub(f32x4.mul(n, splat(ln2Low)), f32x4.mul(s, f32x4.sub(f, r))), f), f32x4.mul(n, splat(ln2High)))
  // +∞ and NaN stay; 0 gives −∞, what is below gives NaN.
  const finite = f32x4.lt(v128.andnot(x, splat(-0.0)), splat(Infinity))
  const positive = v128.bitselect(y, x, finite)
  const zero = f32x4.eq(x, splat(0))
  const negative = f32x4.lt(x, splat(0))
  return v128.bitselect(splat(-Infinity), v128.bitselect(splat(NaN), positive, negative), zero)
}

/** ln(1 + u) for 0 ≤ u ≤ 1, relative to itself: the rounding of 1 + u is put right to first order. */
// @inline
function log1p(u: v128): v128 {
  const w = f32x4.add(u, splat(1))
  return f32x4.add(log(w), f32x4.div(f32x4.sub(u, f32x4.sub(w, splat(1))), w))
}

// @inline
export function softplus(x: v128): v128 {
  return f32x4.add(f32x4.pmax(x, splat(0)), log1p(exp(f32x4.neg(f32x4.abs(x)))))
}

// @inline
export function sigmoid(x: v128): v128 {
  return f32x4.div(splat(1), f32x4.add(splat(1), exp(f32x4.neg(x))))
}

/** The sign of x on y ≥ 0. */
// @inline
function withSign(y: v128, x: v128): v128 {
  return v128.bitselect(x, y, splat(-0.0))
}

// @inline
export function tanh(x: v128): v128 {
  // tanh|x| = −m / (m + 2), m = exp(−2|x|) − 1
  const m = expm1Negative(f32x4.mul(f32x4.abs(x), splat(-2)))
  return withSign(f32x4.div(f32x4.neg(m), f32x4.add(m, splat(2))), x)
}

/** erf(a)/a as a polynomial of a² on [0, 1] (interpolated at Chebyshev nodes: 1.3e-9), times a. */
// @inline
function erfNear(a: v128): v128 {
  const w = f32x4.mul(a, a)
  let p = splat(0.00007875875059881765)
  p = madd(p, w, splat(-0.0008016864286584281))
  p = madd(p, w, splat(0.005189087423409011))
  p = madd(p, w, splat(-0.026854212010637937))
  p = madd(p, w, splat(0.11283594715160888))
  p = madd(p, w, splat(-0.3761262666672036))
  p = madd(p, w, splat(1.1283791658483509))
  return f32x4.mul(a, p)
}

/**
 * `factor`·Q(a) for a ≥ 0, with Q(a) = erfc(a/√2)/2, the upper tail of the normal distribution: exp(−a²/2) times a rational function of a, both of least
 * relative error (1.1e-8, and 7.5e-8). a² is taken in two parts, since its rounding would be a relative error of the result up to 1e-5. From 11.7
 * on it is 0: a·Q(a), below 2⁻¹⁰⁰ there, would give subnormal products with weights, which take processors a hundred times as long.
 */
// @inline
function upperTail(a: v128, factor: v128): v128 {
  const end = splat(11.7)
  const c = f32x4.pmin(a, end)
  const high = v128.and(c, i32x4.splat(0xfffff000))
  const low = f32x4.mul(f32x4.sub(c, high), f32x4.add(c, high))
  const z = madd(f32x4.mul(c, c), splat(-0.5 * log2e), splat(rounder))
  const n = f32x4.sub(z, splat(rounder))
  // r = a² + 2n·ln 2, |r| ≤ ln 2
  const r = f32x4.add(madd(n, splat(2 * ln2High), f32x4.mul(high, high)), madd(n, splat(2 * ln2Low), low))
  let p = splat(-0.000259301113)
  p = madd(p, r, splat(0.0026197114))
  p = madd(p, r, splat(-0.0208344688))
  p = madd(p, r, splat(0.124997237))
  p = madd(p, r, splat(-0.499999846))
  p = madd(p, r, splat(1.00000007))
  const scale = v128.and(i32x4.add(i32x4.shl(z, 23), i32x4.splat(0x3f800000)), f32x4.lt(a, end))
  let u = splat(0.0036055001)
  u = madd(u, c, splat(0.0372864418))
  u = madd(u, c, splat(0.173460513))
  u = madd(u, c, splat(0.425347954))
  u = madd(u, c, splat(0.5))
  let v = splat(0.00903744437)
  v = madd(v, c, splat(0.0934732705))
  v = madd(v, c, splat(0.443624914))
  v = madd(v, c, splat(1.16229856))
  v = madd(v, c, splat(1.64858031))
  v = madd(v, c, splat(1))
  return f32x4.mul(f32x4.mul(f32x4.mul(p, scale), factor), f32x4.div(u, v))
}

// @inline
export function erf(x: v128): v128 {
  const a = f32x4.abs(x)
  const near = f32x4.lt(a, splat(1))
  const far = f32x4.sub(splat(1), upperTail(f32x4.mul(a, splat(Mathf.SQRT2)), splat(2)))
  return withSign(v128.bitselect(erfNear(a), far, near), x)
}

/** x/2 · (1 + erf(x/√2)) = max(x, 0) − |x|·Q(|x|), without cancellation for x < 0. */
// @inline
export function gelu(x: v128): v128 {
  const a = f32x4.abs(x)
  // −∞·0 is no number, as in the definition; that of +∞ is.
  return f32x4.sub(f32x4.pmax(x, splat(0)), upperTail(a, f32x4.abs(f32x4.pmin(x, splat(12)))))
}

/** x/2 · (1 + tanh u) = x / (1 + exp(−2u)), u = √(2/π)·(x + 0.044715·x³); 0 where it would be tiny, and no subnormal number on the way. */
// @inline
export function geluTanh(x: v128): v128 {
  const u = f32x4.pmax(f32x4.mul(x, madd(f32x4.mul(x, x), splat(-0.07135481282), splat(-1.5957691216))), splat(-70))
  return f32x4.mul(x, v128.and(f32x4.div(splat(1), f32x4.add(splat(1), exp(u))), f32x4.lt(u, splat(70))))
}

/** x·tanh(ln(1 + eˣ)) = x·n / (n + 2), n = eˣ(eˣ + 2) */
// @inline
export function mish(x: v128): v128 {
  const e = exp(f32x4.pmin(x, splat(20)))
  const n = f32x4.mul(e, f32x4.add(e, splat(2)))
  return f32x4.mul(x, f32x4.div(n, f32x4.add(n, splat(2))))
}

/** t⁻ᵇ for t > 0. */
// @inline
export function powNegative(t: v128, b: v128): v128 {
  return exp(f32x4.neg(f32x4.mul(b, log(t))))
}
