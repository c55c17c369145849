// One element at a time: Y[i] = f(X[i]), Y[i] = f(A[i], B[i]) with broadcasting, Y[…, c] = X[…, c]·scale[c] + bias[c].
// The last lanes of a row go through the same code as full vectors, so that a result does not depend on where an element lies.

import { erf, exp, expm1Negative, gelu, geluTanh, log, mish, sigmoid, softplus, splat, tanh } from './math'
import { clamp, madd } from './simd'
import { shareStart } from './sync'
import { AffineF32, BinaryF32, BinaryFunction, UnaryF32, UnaryFunction } from './table.generated'
import { elementAt, walkRows } from './walk'

// @inline
function unary(f: i32, x: v128, a: v128, b: v128): v128 {
  if (f === UnaryFunction.clip) return clamp(x, a, b)
  if (f === UnaryFunction.leakyRelu) return madd(f32x4.pmin(x, splat(0)), a, f32x4.pmax(x, splat(0)))
  if (f === UnaryFunction.elu) return v128.bitselect(f32x4.mul(a, expm1Negative(f32x4.pmin(x, splat(0)))), x, f32x4.lt(x, splat(0)))
  if (f === UnaryFunction.selu) {
    const below = f32x4.mul(a, expm1Negative(f32x4.pmin(x, splat(0))))
    return f32x4.mul(b, v128.bitselect(x, below, f32x4.gt(x, splat(0))))
  }
  if (f === UnaryFunction.celu) {
    const below = f32x4.mul(a, expm1Negative(f32x4.div(f32x4.pmin(x, splat(0)), a)))
    return v128.bitselect(below, x, f32x4.lt(x, splat(0)))
  }
  if (f === UnaryFunction.sigmoid) return sigmoid(x)
  if (f === UnaryFunction.hardSigmoid) return clamp(madd(x, a, b), splat(0), splat(1))
  if (f === UnaryFunction.hardSwish) return f32x4.mul(f32x4.mul(x, splat(1.0 / 6)), clamp(f32x4.add(x, splat(3)), splat(0), splat(6)))
  if (f === UnaryFunction.swish) return f32x4.div(x, f32x4.add(splat(1), exp(f32x4.neg(f32x4.mul(a, x)))))
  if (f === UnaryFunction.tanh) return tanh(x)
  if (f === UnaryFunction.gelu) return gelu(x)
  if (f === UnaryFunction.geluTanh) return geluTanh(x)
  if (f === UnaryFunction.erf) return erf(x)
  if (f === UnaryFunction.mish) return mish(x)
  if (f === UnaryFunction.softplus) return softplus(x)
  if (f === UnaryFunction.softsign) return f32x4.div(x, f32x4.add(splat(1), f32x4.abs(x)))
  if (f === UnaryFunction.exp) return exp(x)
  if (f === UnaryFunction.log) return log(x)
  if (f === UnaryFunction.sqrt) return f32x4.sqrt(x)
  if (f === UnaryFunction.abs) return f32x4.abs(x)
  if (f === UnaryFunction.neg) return f32x4.neg(x)
  if (f === UnaryFunction.reciprocal) return f32x4.div(splat(1), x)
  if (f === UnaryFunction.floor) return f32x4.floor(x)
  if (f === UnaryFunction.ceil) return f32x4.ceil(x)
  if (f === UnaryFunction.round) return f32x4.nearest(x)
  // Sign: that of x on 1, where x is neither 0 nor NaN.
  if (f === UnaryFunction.sign) return v128.bitselect(v128.bitselect(x, splat(1), splat(-0.0)), x, v128.or(f32x4.lt(x, splat(0)), f32x4.gt(x, splat(0))))
  if (f === UnaryFunction.thresholdedRelu) return v128.and(x, f32x4.gt(x, a))
  if (f === UnaryFunction.linear) return madd(x, a, b)
  if (f === UnaryFunction.truncate) return f32x4.trunc(clamp(x, a, b))
  return x
}

// @inline
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

// @inline
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
// biome-ignore format: a table
namespace runs {
  export function clip(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryRun(UnaryFunction.clip, x, y, count, a, b) }
  export function leakyRelu(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryRun(UnaryFunction.leakyRelu, x, y, count, a, b) }
  export function elu(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.elu, x, y, count, a, b) }
  export function selu(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.selu, x, y, count, a, b) }
  export function celu(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.celu, x, y, count, a, b) }
  export function sigmoid(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.sigmoid, x, y, count, a, b) }
  export function hardSigmoid(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryRun(UnaryFunction.hardSigmoid, x, y, count, a, b) }
  export function hardSwish(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryRun(UnaryFunction.hardSwish, x, y, count, a, b) }
  export function swish(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.swish, x, y, count, a, b) }
  export function tanh(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.tanh, x, y, count, a, b) }
  export function gelu(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.gelu, x, y, count, a, b) }
  export function geluTanh(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.geluTanh, x, y, count, a, b) }
  export function erf(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.erf, x, y, count, a, b) }
  export function mish(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.mish, x, y, count, a, b) }
  export function softplus(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.softplus, x, y, count, a, b) }
  export function softsign(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.softsign, x, y, count, a, b) }
  export function exp(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.exp, x, y, count, a, b) }
  export function log(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.log, x, y, count, a, b) }
  export function sqrt(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.sqrt, x, y, count, a, b) }
  export function abs(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.abs, x, y, count, a, b) }
  export function neg(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.neg, x, y, count, a, b) }
  export function reciprocal(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.reciprocal, x, y, count, a, b) }
  export function floor(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.floor, x, y, count, a, b) }
  export function ceil(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.ceil, x, y, count, a, b) }
  export function round(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.round, x, y, count, a, b) }
  export function sign(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.sign, x, y, count, a, b) }
  export function thresholdedRelu(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.thresholdedRelu, x, y, count, a, b) }
  export function linear(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryRun(UnaryFunction.linear, x, y, count, a, b) }
  export function truncate(x: usize, y: usize, count: i32, a: v128, b: v128): void { unaryEnd(UnaryFunction.truncate, x, y, count, a, b) }
}

type Unary = (x: usize, y: usize, count: i32, a: v128, b: v128) => void

function unaryOf(f: i32): Unary {
  // biome-ignore format: a table
  switch (f) {
    case UnaryFunction.clip: return runs.clip
    case UnaryFunction.leakyRelu: return runs.leakyRelu
    case UnaryFunction.elu: return runs.elu
    case UnaryFunction.selu: return runs.selu
    case UnaryFunction.celu: return runs.celu
    case UnaryFunction.sigmoid: return runs.sigmoid
    case UnaryFunction.hardSigmoid: return runs.hardSigmoid
    case UnaryFunction.hardSwish: return runs.hardSwish
    case UnaryFunction.swish: return runs.swish
    case UnaryFunction.tanh: return runs.tanh
    case UnaryFunction.gelu: return runs.gelu
    case UnaryFunction.geluTanh: return runs.geluTanh
    case UnaryFunction.erf: return runs.erf
    case UnaryFunction.mish: return runs.mish
    case UnaryFunction.softplus: return runs.softplus
    case UnaryFunction.softsign: return runs.softsign
    case UnaryFunction.exp: return runs.exp
    case UnaryFunction.log: return runs.log
    case UnaryFunction.sqrt: return runs.sqrt
    case UnaryFunction.abs: return runs.abs
    case UnaryFunction.neg: return runs.neg
    case UnaryFunction.reciprocal: return runs.reciprocal
    case UnaryFunction.floor: return runs.floor
    case UnaryFunction.ceil: return runs.ceil
    case UnaryFunction.round: return runs.round
    case UnaryFunction.sign: return runs.sign
    case UnaryFunction.thresholdedRelu: return runs.thresholdedRelu
    case UnaryFunction.linear: return runs.linear
    default: return runs.truncate
  }
}

export function unaryF32(args: UnaryF32, thread: i32, threads: i32): void {
  const rows = args.rows
  const total = args.count
  const a = splat(args.a)
  const b = splat(args.b)
  const run = unaryOf(args.apply)
  // Threads share rows, or the only one.
  const from = rows === 1 ? shareStart(total, 16, thread, threads) : 0
  const count = rows === 1 ? shareStart(total, 16, thread + 1, threads) - from : total
  const last = rows === 1 ? 1 : shareStart(rows, 1, thread + 1, threads)
  for (let r = rows === 1 ? 0 : shareStart(rows, 1, thread, threads); r < last; r++)
    run(args.x + 4 * <usize>(r * args.xRow + from), args.y + 4 * <usize>(r * args.yRow + from), count, a, b)
}

// @inline
function binary(f: i32, a: v128, b: v128): v128 {
  if (f === BinaryFunction.add) return f32x4.add(a, b)
  if (f === BinaryFunction.sub) return f32x4.sub(a, b)
  if (f === BinaryFunction.mul) return f32x4.mul(a, b)
  if (f === BinaryFunction.div) return f32x4.div(a, b)
  if (f === BinaryFunction.min) return f32x4.min(a, b)
  if (f === BinaryFunction.max) return f32x4.max(a, b)
  if (f === BinaryFunction.prelu) return v128.bitselect(f32x4.mul(a, b), a, f32x4.lt(a, splat(0)))
  return a
}

// @inline
function binaryRun(f: i32, a: usize, aStride: i32, b: usize, bStride: i32, y: usize, count: i32, lo: v128, hi: v128): void {
  if (aStride === 1 && bStride === 1) {
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
  } else if (aStride === 1 && bStride === 0) {
    const b0 = v128.load32_splat(b)
    for (; count >= 4; count -= 4) {
      v128.store(y, clamp(binary(f, v128.load(a), b0), lo, hi))
      a += 16
      y += 16
    }
  } else if (aStride === 0 && bStride === 1) {
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

export function binaryF32(args: BinaryF32, thread: i32, threads: i32): void {
  walkRows<BinaryRows, BinaryF32>(args, thread, threads)
}

class BinaryRows {
  rows(args: BinaryF32, i0: i32, i1: i32, i2: i32, i3: i32, i4: i32, turns: i32, _row: i32, from: i32, count: i32): void {
    const f = args.apply
    const lo = splat(args.lo)
    const hi = splat(args.hi)
    const aInner = args.aStrides5
    const bInner = args.bStrides5
    let a = elementAt(args.a, args.aStrides, i0, i1, i2, i3, i4, from)
    let b = elementAt(args.b, args.bStrides, i0, i1, i2, i3, i4, from)
    let y = elementAt(args.y, args.yStrides, i0, i1, i2, i3, i4, from)
    for (; turns > 0; turns--) {
      // biome-ignore format: a table
      switch (f) {
        case BinaryFunction.add: binaryRun(BinaryFunction.add, a, aInner, b, bInner, y, count, lo, hi); break
        case BinaryFunction.sub: binaryRun(BinaryFunction.sub, a, aInner, b, bInner, y, count, lo, hi); break
        case BinaryFunction.mul: binaryRun(BinaryFunction.mul, a, aInner, b, bInner, y, count, lo, hi); break
        case BinaryFunction.div: binaryRun(BinaryFunction.div, a, aInner, b, bInner, y, count, lo, hi); break
        case BinaryFunction.min: binaryRun(BinaryFunction.min, a, aInner, b, bInner, y, count, lo, hi); break
        case BinaryFunction.max: binaryRun(BinaryFunction.max, a, aInner, b, bInner, y, count, lo, hi); break
        case BinaryFunction.prelu: binaryRun(BinaryFunction.prelu, a, aInner, b, bInner, y, count, lo, hi); break
        case BinaryFunction.pow: powRun(a, aInner, b, bInner, y, count, lo, hi); break
      }
      a += <usize>(4 * args.aStrides4)
      b += <usize>(4 * args.bStrides4)
      y += <usize>(4 * args.yStrides4)
    }
  }
}

export function affineF32(args: AffineF32, thread: i32, threads: i32): void {
  const x = args.x
  const y = args.y
  const scales = args.scale
  const biases = args.bias
  const batch = args.batch
  const rows = args.rows
  const channels = args.channels
  const stride = args.stride
  const lo = splat(args.lo)
  const hi = splat(args.hi)
  const start = shareStart(rows, 1, thread, threads)
  const end = shareStart(rows, 1, thread + 1, threads)
  for (let n = 0; n < batch; n++) {
    for (let r = start; r < end; r++) {
      const row = <usize>n * rows + r
      let xp = x + 4 * row * <usize>args.xRow
      let yp = y + 4 * row * <usize>args.yRow
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
