// Softmax, and normalisation by mean and variance:  y = (x − μ) / √(σ² + ε) · scale + bias.

import { exp, log, powNegative, splat, sumLanes } from './math'
import { madd } from './simd'
import { shareStart } from './sync'
import { ChannelStatisticsF32, GroupScaleF32, LayerNormF32, LrnF32, SoftmaxLastF32, SoftmaxRowsF32 } from './table.generated'

// @inline
function maxLanes(v: v128): f32 {
  return max(max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)), max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)))
}

/** y = exp(x − max) / Σ exp(x − max), or its logarithm. */
export function softmaxLastF32(args: SoftmaxLastF32, thread: i32, threads: i32): void {
  const x = args.x
  const y = args.y
  const rows = args.rows
  const size = args.size
  const logarithm = args.logarithm !== 0
  const whole = size & ~3
  const end = shareStart(rows, 1, thread + 1, threads)
  for (let r = shareStart(rows, 1, thread, threads); r < end; r++) {
    const xp = x + 4 * (<usize>r * size)
    const yp = y + 4 * (<usize>r * size)
    let m = splat(-Infinity)
    let i = 0
    for (; i < whole; i += 4) m = f32x4.max(m, v128.load(xp + 4 * <usize>i))
    let top = maxLanes(m)
    for (; i < size; i++) top = max(top, load<f32>(xp + 4 * <usize>i))
    const shift = splat(top)
    let s = splat(0)
    for (i = 0; i < whole; i += 4) {
      const e = exp(f32x4.sub(v128.load(xp + 4 * <usize>i), shift))
      if (!logarithm) v128.store(yp + 4 * <usize>i, e)
      s = f32x4.add(s, e)
    }
    let sum = sumLanes(s)
    for (; i < size; i++) {
      const e = exp(f32x4.sub(v128.load32_zero(xp + 4 * <usize>i), shift))
      if (!logarithm) v128.store32_lane(yp + 4 * <usize>i, e, 0)
      sum += f32x4.extract_lane(e, 0)
    }
    if (logarithm) {
      const less = f32x4.extract_lane(log(splat(sum)), 0)
      const lessAll = splat(less)
      for (i = 0; i < whole; i += 4) v128.store(yp + 4 * <usize>i, f32x4.sub(f32x4.sub(v128.load(xp + 4 * <usize>i), shift), lessAll))
      for (; i < size; i++) store<f32>(yp + 4 * <usize>i, load<f32>(xp + 4 * <usize>i) - top - less)
    } else {
      const by: f32 = 1 / sum
      const byAll = splat(by)
      for (i = 0; i < whole; i += 4) v128.store(yp + 4 * <usize>i, f32x4.mul(v128.load(yp + 4 * <usize>i), byAll))
      for (; i < size; i++) store<f32>(yp + 4 * <usize>i, load<f32>(yp + 4 * <usize>i) * by)
    }
  }
}

// @inline
function get(p: usize, four: bool): v128 {
  return four ? v128.load(p) : v128.load32_zero(p)
}

// @inline
function put(p: usize, v: v128, four: bool): void {
  if (four) v128.store(p, v)
  else v128.store32_lane(p, v, 0)
}

export function softmaxRowsF32(args: SoftmaxRowsF32, thread: i32, threads: i32): void {
  const x = args.x
  const y = args.y
  const outer = args.outer
  const size = args.size
  const inner = args.inner
  const logarithm = args.logarithm !== 0
  const rowBytes: usize = 4 * <usize>inner
  const first = shareStart(outer * inner, 16, thread, threads)
  const end = shareStart(outer * inner, 16, thread + 1, threads)
  for (let at = first; at < end; ) {
    const o = at / inner
    const i = at - o * inner
    const four = i + 4 <= inner && at + 4 <= end
    const xp = x + 4 * (<usize>o * size * inner + i)
    const yp = y + 4 * (<usize>o * size * inner + i)
    at += four ? 4 : 1
    let m = splat(-Infinity)
    let p = xp
    for (let r = 0; r < size; r++) {
      m = f32x4.max(m, get(p, four))
      p += rowBytes
    }
    let s = splat(0)
    p = xp
    let q = yp
    for (let r = 0; r < size; r++) {
      const e = exp(f32x4.sub(get(p, four), m))
      if (!logarithm) put(q, e, four)
      s = f32x4.add(s, e)
      p += rowBytes
      q += rowBytes
    }
    if (logarithm) {
      const less = log(s)
      p = xp
      q = yp
      for (let r = 0; r < size; r++) {
        put(q, f32x4.sub(f32x4.sub(get(p, four), m), less), four)
        p += rowBytes
        q += rowBytes
      }
    } else {
      const by = f32x4.div(splat(1), s)
      q = yp
      for (let r = 0; r < size; r++) {
        put(q, f32x4.mul(get(q, four), by), four)
        q += rowBytes
      }
    }
  }
}

// Squares of what is above 2^64 are not finite. Where a sum of them is not, it is taken again of values so much smaller; ε does not matter there.
const less: f32 = 1 / <f32>((<u64>1) << 62) / 4
const more: f32 = <f32>((<u64>1) << 62) * 4

/** The standard deviation of large values. */
function largeDeviation(x: usize, size: i32, mean: f32): f32 {
  let s: f32 = 0
  for (let i = 0; i < size; i++) {
    const d = load<f32>(x + 4 * <usize>i) * less - mean * less
    s += d * d
  }
  return sqrt<f32>(s / <f32>size) * more
}

/** Standard deviations of four columns, or of the first of them, of large values. */
function largeDeviations(x: usize, rows: i32, rowBytes: usize, mean: v128, four: bool): v128 {
  const scale = splat(less)
  const m = f32x4.mul(mean, scale)
  let s = splat(0)
  for (let r = 0; r < rows; r++) {
    const d = f32x4.sub(f32x4.mul(get(x, four), scale), m)
    s = madd(d, d, s)
    x += rowBytes
  }
  return f32x4.mul(f32x4.sqrt(f32x4.div(s, splat(<f32>rows))), splat(more))
}

export function layerNormF32(args: LayerNormF32, thread: i32, threads: i32): void {
  const x = args.x
  const y = args.y
  const rows = args.rows
  const size = args.size
  const scale = args.scale
  const bias = args.bias
  const means = args.means
  const deviations = args.deviations
  const centred = args.centred !== 0
  const epsilon = args.epsilon
  const whole = size & ~3
  const end = shareStart(rows, 1, thread + 1, threads)
  for (let r = shareStart(rows, 1, thread, threads); r < end; r++) {
    const xp = x + 4 * (<usize>r * size)
    const yp = y + 4 * (<usize>r * size)
    let mean: f32 = 0
    let i = 0
    if (centred) {
      let s = splat(0)
      for (; i < whole; i += 4) s = f32x4.add(s, v128.load(xp + 4 * <usize>i))
      mean = sumLanes(s)
      for (; i < size; i++) mean += load<f32>(xp + 4 * <usize>i)
      mean /= <f32>size
    }
    const meanAll = splat(mean)
    let s = splat(0)
    for (i = 0; i < whole; i += 4) {
      const d = f32x4.sub(v128.load(xp + 4 * <usize>i), meanAll)
      s = madd(d, d, s)
    }
    let variance = sumLanes(s)
    for (; i < size; i++) {
      const d = load<f32>(xp + 4 * <usize>i) - mean
      variance += d * d
    }
    const inverse: f32 = variance === Infinity ? 1 / largeDeviation(xp, size, mean) : 1 / sqrt<f32>(variance / <f32>size + epsilon)
    if (means) store<f32>(means + 4 * <usize>r, mean)
    if (deviations) store<f32>(deviations + 4 * <usize>r, inverse)
    const inverseAll = splat(inverse)
    for (i = 0; i < size; ) {
      const four = i < whole
      const at: usize = 4 * <usize>i
      let v = f32x4.mul(f32x4.sub(get(xp + at, four), meanAll), inverseAll)
      if (scale) v = f32x4.mul(v, get(scale + at, four))
      if (bias) v = f32x4.add(v, get(bias + at, four))
      put(yp + at, v, four)
      i += four ? 4 : 1
    }
  }
}

// Rows that are summed before they join the total: the rounding error of a sum grows with its length.
const block = 128

export function channelStatisticsF32(args: ChannelStatisticsF32, thread: i32, threads: i32): void {
  const x = args.x
  const means = args.means
  const deviations = args.deviations
  const batch = args.batch
  const rows = args.rows
  const channels = args.channels
  const rowBytes: usize = 4 * <usize>channels
  const by = splat(<f32>rows)
  const end = shareStart(batch * channels, 16, thread + 1, threads)
  for (let at = shareStart(batch * channels, 16, thread, threads); at < end; ) {
    const n = at / channels
    const c = at - n * channels
    const four = c + 4 <= channels && at + 4 <= end
    const xp = x + 4 * (<usize>n * rows * channels + c)
    let p = xp
    let total = splat(0)
    for (let r = 0; r < rows; ) {
      let s = splat(0)
      for (const stop = min(rows, r + block); r < stop; r++) {
        s = f32x4.add(s, get(p, four))
        p += rowBytes
      }
      total = f32x4.add(total, s)
    }
    const mean = f32x4.div(total, by)
    p = xp
    total = splat(0)
    for (let r = 0; r < rows; ) {
      let s = splat(0)
      for (const stop = min(rows, r + block); r < stop; r++) {
        const d = f32x4.sub(get(p, four), mean)
        s = madd(d, d, s)
        p += rowBytes
      }
      total = f32x4.add(total, s)
    }
    put(means + 4 * <usize>at, mean, four)
    let deviation = f32x4.sqrt(f32x4.div(total, by))
    const large = f32x4.eq(total, splat(Infinity))
    if (v128.any_true(large)) deviation = v128.bitselect(largeDeviations(xp, rows, rowBytes, mean, four), deviation, large)
    put(deviations + 4 * <usize>at, deviation, four)
    at += four ? 4 : 1
  }
}

export function groupScaleF32(args: GroupScaleF32, thread: i32, threads: i32): void {
  const means = args.means
  const deviations = args.deviations
  const as = args.a
  const bs = args.b
  const scale = args.scale
  const bias = args.bias
  const batch = args.batch
  const channels = args.channels
  const groups = args.groups
  const epsilon = args.epsilon
  const size = channels / groups
  const end = shareStart(batch * groups, 1, thread + 1, threads)
  for (let g = shareStart(batch * groups, 1, thread, threads); g < end; g++) {
    const first = <usize>(g * size)
    let mean: f64 = 0
    for (let i = 0; i < size; i++) mean += load<f32>(means + 4 * (first + i))
    mean /= size
    // The variance of a group: the mean of its channels' variances, and the variance of their means.
    let variance: f64 = 0
    for (let i = 0; i < size; i++) {
      const d = <f64>load<f32>(means + 4 * (first + i)) - mean
      const own = <f64>load<f32>(deviations + 4 * (first + i))
      variance += own * own + d * d
    }
    variance /= size
    const inverse = 1 / sqrt<f64>(variance + epsilon)
    const c = (g % groups) * size
    for (let i = 0; i < size; i++) {
      const a = <f64>load<f32>(scale + 4 * <usize>(c + i)) * inverse
      store<f32>(as + 4 * (first + i), <f32>a)
      store<f32>(bs + 4 * (first + i), <f32>(<f64>load<f32>(bias + 4 * <usize>(c + i)) - mean * a))
    }
  }
}

/** Σ of squares over channels [from, to) of one pixel. */
// @inline
function squares(x: usize, from: i32, to: i32): f32 {
  let s: f32 = 0
  for (let i = from; i < to; i++) {
    const v = load<f32>(x + 4 * <usize>i)
    s += v * v
  }
  return s
}

export function lrnF32(args: LrnF32, thread: i32, threads: i32): void {
  const x = args.x
  const y = args.y
  const pixels = args.pixels
  const channels = args.channels
  const before = args.before
  const after = args.after
  const alpha = splat(args.alpha)
  const beta = splat(args.beta)
  const k = splat(args.k)
  const end = shareStart(pixels, 1, thread + 1, threads)
  for (let p = shareStart(pixels, 1, thread, threads); p < end; p++) {
    const xp = x + 4 * (<usize>p * channels)
    const yp = y + 4 * (<usize>p * channels)
    for (let c = 0; c < channels; ) {
      const four = c >= before && c + 4 + after <= channels
      let s = splat(0)
      if (four) {
        for (let j = -before; j <= after; j++) {
          const v = v128.load(xp + 4 * <usize>(c + j))
          s = f32x4.add(s, f32x4.mul(v, v))
        }
      } else s = splat(squares(xp, max(0, c - before), min(channels, c + after + 1)))
      const t = f32x4.add(k, f32x4.mul(alpha, s))
      put(yp + 4 * <usize>c, f32x4.mul(get(xp + 4 * <usize>c, four), powNegative(t, beta)), four)
      c += four ? 4 : 1
    }
  }
}
