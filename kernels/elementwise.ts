// One element at a time: Y[i] = f(X[i]), Y[i] = f(A[i], B[i]) with broadcasting, Y[…, c] = X[…, c]·scale[c] + bias[c].
// The last lanes of a row go through the same code as full vectors, so that a result does not depend on where an element lies.

import {
  erf,
  exp,
  expm1Negative,
  gelu,
  geluTanh,
  log,
  mish,
  sigmoid,
  softplus,
  splat,
  tanh,
} from './math'
import { clamp, madd } from './simd'
import { shareStart } from './sync'
import { elementAt, walkRows } from './walk'

// The numbers of functions are those of `unaryFunctions` in src/runtime/backends/wasm/lower-elementwise.ts.
// @ts-ignore: decorator
@inline
function unary(f: i32, x: v128, a: v128, b: v128): v128 {
  if (f == 0) return clamp(x, a, b)
  if (f == 1) return madd(f32x4.pmin(x, splat(0)), a, f32x4.pmax(x, splat(0)))
  if (f == 2) return v128.bitselect(f32x4.mul(a, expm1Negative(f32x4.pmin(x, splat(0)))), x, f32x4.lt(x, splat(0)))
  if (f == 3) {
    const below = f32x4.mul(a, expm1Negative(f32x4.pmin(x, splat(0))))
    return f32x4.mul(b, v128.bitselect(x, below, f32x4.gt(x, splat(0))))
  }
  if (f == 4) {
    const below = f32x4.mul(a, expm1Negative(f32x4.div(f32x4.pmin(x, splat(0)), a)))
    return v128.bitselect(below, x, f32x4.lt(x, splat(0)))
  }
  if (f == 5) return sigmoid(x)
  if (f == 6) return clamp(madd(x, a, b), splat(0), splat(1))
  if (f == 7) return f32x4.mul(f32x4.mul(x, splat(1.0 / 6)), clamp(f32x4.add(x, splat(3)), splat(0), splat(6)))
  if (f == 8) return f32x4.div(x, f32x4.add(splat(1), exp(f32x4.neg(f32x4.mul(a, x)))))
  if (f == 9) return tanh(x)
  if (f == 10) return gelu(x)
  if (f == 11) return geluTanh(x)
  if (f == 12) return erf(x)
  if (f == 13) return mish(x)
  if (f == 14) return softplus(x)
  if (f == 15) return f32x4.div(x, f32x4.add(splat(1), f32x4.abs(x)))
  if (f == 16) return exp(x)
  if (f == 17) return log(x)
  if (f == 18) return f32x4.sqrt(x)
  if (f == 19) return f32x4.abs(x)
  if (f == 20) return f32x4.neg(x)
  if (f == 21) return f32x4.div(splat(1), x)
  if (f == 22) return f32x4.floor(x)
  if (f == 23) return f32x4.ceil(x)
  if (f == 24) return f32x4.nearest(x)
  // Sign: that of x on 1, where x is neither 0 nor NaN.
  if (f == 25) return v128.bitselect(v128.bitselect(x, splat(1), splat(-0.0)), x, v128.or(f32x4.lt(x, splat(0)), f32x4.gt(x, splat(0))))
  if (f == 26) return v128.and(x, f32x4.gt(x, a))
  if (f == 27) return madd(x, a, b)
  if (f == 28) return f32x4.trunc(clamp(x, a, b))
  return x
}

// @ts-ignore: decorator
@inline
function unaryRun(f: i32, x: usize, y: usize, count: i32, a: v128, b: v128): void {
  let i = 0
  for (; i + 16 <= count; i += 16) {
    const x0 = v128.load(x)
    const x1 = v128.load(x, 16)
    const x2 = v128.load(x, 32)
    const x3 = v128.load(x, 48)
    v128.store(y, unary(f, x0, a, b))
    v128.store(y, unary(f, x1, a, b), 16)
    v128.store(y, unary(f, x2, a, b), 32)
    v128.store(y, unary(f, x3, a, b), 48)
    x += 64
    y += 64
  }
  unaryEnd(f, x, y, count - i, a, b)
}

// @ts-ignore: decorator
@inline
function unaryEnd(f: i32, x: usize, y: usize, count: i32, a: v128, b: v128): void {
  for (; count >= 4; count -= 4) {
    v128.store(y, unary(f, v128.load(x), a, b))
    x += 16
    y += 16
  }
  for (; count > 0; count--) {
    v128.store32_lane(y, unary(f, v128.load32_zero(x), a, b), 0)
    x += 4
    y += 4
  }
}

// One function each, called by its address: inlined into one function they take the compiler ten times as long.
// prettier-ignore
function clamped(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryRun(0, x, y, count, a, b) }
function leaky(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryRun(1, x, y, count, a, b) }
function elu(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(2, x, y, count, a, b) }
function selu(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(3, x, y, count, a, b) }
function celu(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(4, x, y, count, a, b) }
function sigmoids(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(5, x, y, count, a, b) }
function hardSigmoid(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryRun(6, x, y, count, a, b) }
function hardSwish(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryRun(7, x, y, count, a, b) }
function swish(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(8, x, y, count, a, b) }
function tanhs(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(9, x, y, count, a, b) }
function gelus(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(10, x, y, count, a, b) }
function gelusByTanh(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(11, x, y, count, a, b) }
function erfs(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(12, x, y, count, a, b) }
function mishes(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(13, x, y, count, a, b) }
function softpluses(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(14, x, y, count, a, b) }
function softsign(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(15, x, y, count, a, b) }
function exps(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(16, x, y, count, a, b) }
function logs(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(17, x, y, count, a, b) }
function roots(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(18, x, y, count, a, b) }
function absolutes(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(19, x, y, count, a, b) }
function negatives(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(20, x, y, count, a, b) }
function reciprocals(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(21, x, y, count, a, b) }
function floors(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(22, x, y, count, a, b) }
function ceilings(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(23, x, y, count, a, b) }
function nearests(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(24, x, y, count, a, b) }
function signs(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(25, x, y, count, a, b) }
function thresholded(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(26, x, y, count, a, b) }
function linear(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryRun(27, x, y, count, a, b) }
function truncated(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(28, x, y, count, a, b) }

type Unary = (x: usize, y: usize, count: i32, a: v128, b: v128) => void

function unaryOf(f: i32): Unary {
  switch (f) {
    case 0: return clamped
    case 1: return leaky
    case 2: return elu
    case 3: return selu
    case 4: return celu
    case 5: return sigmoids
    case 6: return hardSigmoid
    case 7: return hardSwish
    case 8: return swish
    case 9: return tanhs
    case 10: return gelus
    case 11: return gelusByTanh
    case 12: return erfs
    case 13: return mishes
    case 14: return softpluses
    case 15: return softsign
    case 16: return exps
    case 17: return logs
    case 18: return roots
    case 19: return absolutes
    case 20: return negatives
    case 21: return reciprocals
    case 22: return floors
    case 23: return ceilings
    case 24: return nearests
    case 25: return signs
    case 26: return thresholded
    case 27: return linear
    default: return truncated
  }
}

/** Arguments: x, y (addresses, may be the same), count, function, a, b (its parameters, f32). */
export function unaryF32(args: usize, thread: i32, threads: i32): void {
  const total = load<i32>(args, 8)
  const start = shareStart(total, 16, thread, threads)
  const count = shareStart(total, 16, thread + 1, threads) - start
  const x = <usize>load<i32>(args, 0) + 4 * <usize>start
  const y = <usize>load<i32>(args, 4) + 4 * <usize>start
  const a = splat(load<f32>(args, 16))
  const b = splat(load<f32>(args, 20))
  const run = unaryOf(load<i32>(args, 12))
  run(x, y, count, a, b)
}

// The numbers of functions are those of `binaryFunctions` in src/runtime/backends/wasm/lower-elementwise.ts.
// @ts-ignore: decorator
@inline
function binary(f: i32, a: v128, b: v128): v128 {
  if (f == 0) return f32x4.add(a, b)
  if (f == 1) return f32x4.sub(a, b)
  if (f == 2) return f32x4.mul(a, b)
  if (f == 3) return f32x4.div(a, b)
  if (f == 4) return f32x4.min(a, b)
  if (f == 5) return f32x4.max(a, b)
  if (f == 6) return v128.bitselect(f32x4.mul(a, b), a, f32x4.lt(a, splat(0)))
  return a
}

// @ts-ignore: decorator
@inline
function binaryRun(f: i32, a: usize, aStride: i32, b: usize, bStride: i32, y: usize, count: i32, lo: v128, hi: v128): void {
  if (aStride == 1 && bStride == 1) {
    for (; count >= 16; count -= 16) {
      const a0 = v128.load(a)
      const a1 = v128.load(a, 16)
      const a2 = v128.load(a, 32)
      const a3 = v128.load(a, 48)
      const b0 = v128.load(b)
      const b1 = v128.load(b, 16)
      const b2 = v128.load(b, 32)
      const b3 = v128.load(b, 48)
      v128.store(y, clamp(binary(f, a0, b0), lo, hi))
      v128.store(y, clamp(binary(f, a1, b1), lo, hi), 16)
      v128.store(y, clamp(binary(f, a2, b2), lo, hi), 32)
      v128.store(y, clamp(binary(f, a3, b3), lo, hi), 48)
      a += 64
      b += 64
      y += 64
    }
    for (; count >= 4; count -= 4) {
      v128.store(y, clamp(binary(f, v128.load(a), v128.load(b)), lo, hi))
      a += 16
      b += 16
      y += 16
    }
  } else if (aStride == 1 && bStride == 0) {
    const b0 = v128.load32_splat(b)
    for (; count >= 4; count -= 4) {
      v128.store(y, clamp(binary(f, v128.load(a), b0), lo, hi))
      a += 16
      y += 16
    }
  } else if (aStride == 0 && bStride == 1) {
    const a0 = v128.load32_splat(a)
    for (; count >= 4; count -= 4) {
      v128.store(y, clamp(binary(f, a0, v128.load(b)), lo, hi))
      b += 16
      y += 16
    }
  }
  const aStep = <usize>(4 * aStride)
  const bStep = <usize>(4 * bStride)
  for (; count > 0; count--) {
    v128.store32_lane(y, clamp(binary(f, v128.load32_zero(a), v128.load32_zero(b)), lo, hi), 0)
    a += aStep
    b += bStep
    y += 4
  }
}

function powRun(a: usize, aStride: i32, b: usize, bStride: i32, y: usize, count: i32, lo: v128, hi: v128): void {
  const aStep = <usize>(4 * aStride)
  const bStep = <usize>(4 * bStride)
  for (; count > 0; count--) {
    v128.store32_lane(y, clamp(splat(NativeMathf.pow(load<f32>(a), load<f32>(b))), lo, hi), 0)
    a += aStep
    b += bStep
    y += 4
  }
}

/**
 * Arguments: a, b, y (addresses; y contiguous, may be a or b where that has y's shape), function, lo, hi (f32, the fused clamp), six sizes, a's
 * six strides, b's six strides, in elements, 0 where they broadcast.
 */
export function binaryF32(args: usize, thread: i32, threads: i32): void {
  walkRows<BinaryRows>(args, args + 24, thread, threads)
}

class BinaryRows {
  // prettier-ignore
  rows(args: usize, sizes: usize, i0: i32, i1: i32, i2: i32, i3: i32, i4: i32, turns: i32, row: i32, from: i32, count: i32): void {
    const f = load<i32>(args, 12)
    const lo = splat(load<f32>(args, 16))
    const hi = splat(load<f32>(args, 20))
    const inner = load<i32>(sizes, 20)
    const aInner = load<i32>(sizes, 44)
    const bInner = load<i32>(sizes, 68)
    let a = elementAt(<usize>load<i32>(args, 0), sizes + 24, i0, i1, i2, i3, i4, from)
    let b = elementAt(<usize>load<i32>(args, 4), sizes + 48, i0, i1, i2, i3, i4, from)
    let y = <usize>load<i32>(args, 8) + 4 * (<usize>row * inner + from)
    for (; turns > 0; turns--) {
      switch (f) {
        case 0: binaryRun(0, a, aInner, b, bInner, y, count, lo, hi); break
        case 1: binaryRun(1, a, aInner, b, bInner, y, count, lo, hi); break
        case 2: binaryRun(2, a, aInner, b, bInner, y, count, lo, hi); break
        case 3: binaryRun(3, a, aInner, b, bInner, y, count, lo, hi); break
        case 4: binaryRun(4, a, aInner, b, bInner, y, count, lo, hi); break
        case 5: binaryRun(5, a, aInner, b, bInner, y, count, lo, hi); break
        case 6: binaryRun(6, a, aInner, b, bInner, y, count, lo, hi); break
        case 7: powRun(a, aInner, b, bInner, y, count, lo, hi); break
      }
      a += <usize>(4 * load<i32>(sizes, 40))
      b += <usize>(4 * load<i32>(sizes, 64))
      y += 4 * <usize>inner
    }
  }
}

/**
 * Y[n, r, c] = clamp(X[n, r, c]·scale[n·stride + c] + bias[n·stride + c]). Arguments: x, y (addresses, may be the same), scale, bias, batch,
 * rows, channels, stride (0, or `channels` where every sample has its own), lo, hi (f32).
 */
export function affineF32(args: usize, thread: i32, threads: i32): void {
  const x = <usize>load<i32>(args, 0)
  const y = <usize>load<i32>(args, 4)
  const scales = <usize>load<i32>(args, 8)
  const biases = <usize>load<i32>(args, 12)
  const batch = load<i32>(args, 16)
  const rows = load<i32>(args, 20)
  const channels = load<i32>(args, 24)
  const stride = load<i32>(args, 28)
  const lo = splat(load<f32>(args, 32))
  const hi = splat(load<f32>(args, 36))
  const start = shareStart(rows, 1, thread, threads)
  const end = shareStart(rows, 1, thread + 1, threads)
  for (let n = 0; n < batch; n++) {
    for (let r = start; r < end; r++) {
      const at: usize = 4 * ((<usize>n * rows + r) * channels)
      let xp = x + at
      let yp = y + at
      let a = scales + 4 * <usize>(n * stride)
      let b = biases + 4 * <usize>(n * stride)
      let c = channels
      for (; c >= 4; c -= 4) {
        v128.store(yp, clamp(madd(v128.load(xp), v128.load(a), v128.load(b)), lo, hi))
        xp += 16
        yp += 16
        a += 16
        b += 16
      }
      for (; c > 0; c--) {
        v128.store32_lane(yp, clamp(madd(v128.load32_zero(xp), v128.load32_zero(a), v128.load32_zero(b)), lo, hi), 0)
        xp += 4
        yp += 4
        a += 4
        b += 4
      }
    }
  }
}
