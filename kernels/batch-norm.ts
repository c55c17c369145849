// BatchNormalization in training, and its gradient; [rows, channels], rows being batch and space.
//
//     y = (x − μ)·a + bias (+ residual),   a = scale / √(σ² + ε)
//     dscale = Σ dY·x̂     dbias = Σ dY     dX = a·(dY − dbias/m − x̂·dscale/m),   x̂ = (x − μ) / √(σ² + ε)
//
// Sums go in chunks of rows that stay in the first cache: the mean of a chunk first, then what is about it (squares of deviations, dY·(x − mean)). So
// memory is read once and nothing cancels. Chunks are joined in double precision, in their order (Chan, Golub and LeVeque 1979):
//
//     M = Σ Mᵢ + nᵢ·(mᵢ − μ)²        Σ dY·(x − μ) = Σ (dY·(x − mᵢ))ᵢ + (mᵢ − μ)·(Σ dY)ᵢ
//
// How rows are cut does not depend on the number of threads, nor do results.

import { splat } from './math'
import { madd } from './simd'
import { shareStart } from './sync'
import {
  BatchApplyF32,
  BatchGradientApplyF32,
  BatchGradientMomentsF32,
  BatchGradientStatisticsF32,
  BatchMomentsF32,
  BatchStatisticsF32,
  ClipGradientF32,
} from './table.generated'

// @inline
function get(p: usize, four: bool): v128 {
  return four ? v128.load(p) : v128.load32_zero(p)
}

// @inline
function put(p: usize, v: v128, four: bool): void {
  if (four) v128.store(p, v)
  else v128.store32_lane(p, v, 0)
}

export function batchMomentsF32(args: BatchMomentsF32, thread: i32, threads: i32): void {
  const x = args.x
  const partials = args.partials
  const rows = args.rows
  const channels = args.channels
  const chunkRows = args.chunkRows
  const rowBytes = 4 * <usize>channels
  const chunks = (rows + chunkRows - 1) / chunkRows
  const end = shareStart(chunks, 1, thread + 1, threads)
  for (let chunk = shareStart(chunks, 1, thread, threads); chunk < end; chunk++) {
    const count = min(chunkRows, rows - chunk * chunkRows)
    const from = x + rowBytes * <usize>(chunk * chunkRows)
    const means = partials + 2 * rowBytes * <usize>chunk
    let c = 0
    for (; c + 8 <= channels; c += 8) {
      const at = 4 * <usize>c
      moments8(from + at, rowBytes, count, means + at, means + rowBytes + at)
    }
    while (c < channels) {
      const four = c + 4 <= channels
      const at = 4 * <usize>c
      let s = splat(0)
      let p = from + at
      for (let r = count; r > 0; r--) {
        s = f32x4.add(s, get(p, four))
        p += rowBytes
      }
      const mean = f32x4.div(s, splat(<f32>count))
      s = splat(0)
      let rest = s
      p = from + at
      for (let r = count; r > 0; r--) {
        const d = f32x4.sub(get(p, four), mean)
        s = madd(d, d, s)
        rest = f32x4.add(rest, d)
        p += rowBytes
      }
      rest = f32x4.div(rest, splat(<f32>count))
      put(means + at, f32x4.add(mean, rest), four)
      put(means + rowBytes + at, about(s, rest, count), four)
      c += four ? 4 : 1
    }
  }
}

/** Squares of deviations from the mean, given those from a mean that is `rest` too small. */
// @inline
function about(squares: v128, rest: v128, count: i32): v128 {
  return f32x4.sub(squares, f32x4.mul(f32x4.mul(rest, rest), splat(<f32>count)))
}

/**
 * The first mean is the sum divided by the number, rounded; what is left of the deviations from it, which are small, puts it right.
 */
function moments8(x: usize, rowBytes: usize, count: i32, means: usize, squares: usize): void {
  let s0 = splat(0)
  let s1 = s0
  let p = x
  for (let r = count; r > 0; r--) {
    s0 = f32x4.add(s0, v128.load(p))
    s1 = f32x4.add(s1, v128.load(p, 16))
    p += rowBytes
  }
  const by = splat(<f32>count)
  const m0 = f32x4.div(s0, by)
  const m1 = f32x4.div(s1, by)
  s0 = s1 = splat(0)
  let r0 = s0
  let r1 = s0
  p = x
  for (let r = count; r > 0; r--) {
    const d0 = f32x4.sub(v128.load(p), m0)
    s0 = madd(d0, d0, s0)
    r0 = f32x4.add(r0, d0)
    const d1 = f32x4.sub(v128.load(p, 16), m1)
    s1 = madd(d1, d1, s1)
    r1 = f32x4.add(r1, d1)
    p += rowBytes
  }
  r0 = f32x4.div(r0, by)
  r1 = f32x4.div(r1, by)
  v128.store(means, f32x4.add(m0, r0))
  v128.store(means, f32x4.add(m1, r1), 16)
  v128.store(squares, about(s0, r0, count))
  v128.store(squares, about(s1, r1, count), 16)
}

/** Mean of one channel over all chunks. `step`: bytes from chunk to chunk. */
function meanOf(partials: usize, step: usize, rows: i32, chunkRows: i32): f64 {
  let sum: f64 = 0
  for (let row = 0; row < rows; row += chunkRows) {
    sum += <f64>load<f32>(partials) * <f64>min(chunkRows, rows - row)
    partials += step
  }
  return sum / <f64>rows
}

/** Squares of deviations from the mean over all chunks; those of a chunk lie `squares` bytes behind its mean. */
function squaresOf(partials: usize, squares: usize, step: usize, rows: i32, chunkRows: i32, mean: f64): f64 {
  let sum: f64 = 0
  for (let row = 0; row < rows; row += chunkRows) {
    const d = <f64>load<f32>(partials) - mean
    sum += <f64>load<f32>(partials + squares) + <f64>min(chunkRows, rows - row) * d * d
    partials += step
  }
  return sum
}

export function batchStatisticsF32(args: BatchStatisticsF32, thread: i32, threads: i32): void {
  const partials = args.partials
  const rows = args.rows
  const channels = args.channels
  const chunkRows = args.chunkRows
  const scale = args.scale
  const means = args.means
  const factors = args.factors
  const runningMean = args.runningMean
  const runningVariance = args.runningVariance
  const newMean = args.newMean
  const newVariance = args.newVariance
  const momentum = <f64>args.momentum
  const epsilon = <f64>args.epsilon
  const rowBytes = 4 * <usize>channels
  const end = shareStart(channels, 1, thread + 1, threads)
  for (let c = shareStart(channels, 1, thread, threads); c < end; c++) {
    const at = 4 * <usize>c
    const mean = meanOf(partials + at, 2 * rowBytes, rows, chunkRows)
    const variance = squaresOf(partials + at, rowBytes, 2 * rowBytes, rows, chunkRows, mean) / <f64>rows
    store<f32>(means + at, <f32>mean)
    store<f32>(factors + at, <f32>(<f64>load<f32>(scale + at) / sqrt<f64>(variance + epsilon)))
    if (newMean) store<f32>(newMean + at, <f32>(<f64>load<f32>(runningMean + at) * momentum + mean * (1 - momentum)))
    if (newVariance) store<f32>(newVariance + at, <f32>(<f64>load<f32>(runningVariance + at) * momentum + variance * (1 - momentum)))
  }
}

export function batchApplyF32(args: BatchApplyF32, thread: i32, threads: i32): void {
  const x = args.x
  const y = args.y
  const means = args.means
  const factors = args.factors
  const bias = args.bias
  const residual = args.residual
  const rows = args.rows
  const channels = args.channels
  const lo = splat(args.lo)
  const hi = splat(args.hi)
  const rowBytes = 4 * <usize>channels
  const start = shareStart(rows, 1, thread, threads)
  const count = shareStart(rows, 1, thread + 1, threads) - start
  const first = rowBytes * <usize>start
  // Columns of 8 channels, a stretch of rows at a time: constants stay in registers and lines of memory in the cache.
  const stretch = max(8, 4096 / max(1, channels))
  for (let r = 0; r < count; r += stretch) {
    const turns = min(stretch, count - r)
    const offset = first + rowBytes * <usize>r
    let c = 0
    for (; c + 8 <= channels; c += 8) {
      const at = 4 * <usize>c
      const m0 = v128.load(means + at)
      const m1 = v128.load(means + at, 16)
      const a0 = v128.load(factors + at)
      const a1 = v128.load(factors + at, 16)
      const b0 = v128.load(bias + at)
      const b1 = v128.load(bias + at, 16)
      let xp = x + offset + at
      let yp = y + offset + at
      if (residual) {
        let rp = residual + offset + at
        for (let i = turns; i > 0; i--) {
          const v0 = f32x4.add(madd(f32x4.sub(v128.load(xp), m0), a0, b0), v128.load(rp))
          const v1 = f32x4.add(madd(f32x4.sub(v128.load(xp, 16), m1), a1, b1), v128.load(rp, 16))
          v128.store(yp, f32x4.pmin(f32x4.pmax(v0, lo), hi))
          v128.store(yp, f32x4.pmin(f32x4.pmax(v1, lo), hi), 16)
          xp += rowBytes
          yp += rowBytes
          rp += rowBytes
        }
      } else {
        for (let i = turns; i > 0; i--) {
          const v0 = madd(f32x4.sub(v128.load(xp), m0), a0, b0)
          const v1 = madd(f32x4.sub(v128.load(xp, 16), m1), a1, b1)
          v128.store(yp, f32x4.pmin(f32x4.pmax(v0, lo), hi))
          v128.store(yp, f32x4.pmin(f32x4.pmax(v1, lo), hi), 16)
          xp += rowBytes
          yp += rowBytes
        }
      }
    }
    while (c < channels) {
      const four = c + 4 <= channels
      const at = 4 * <usize>c
      const m = get(means + at, four)
      const a = get(factors + at, four)
      const b = get(bias + at, four)
      let here = offset + at
      for (let i = turns; i > 0; i--) {
        let v = madd(f32x4.sub(get(x + here, four), m), a, b)
        if (residual) v = f32x4.add(v, get(residual + here, four))
        put(y + here, f32x4.pmin(f32x4.pmax(v, lo), hi), four)
        here += rowBytes
      }
      c += four ? 4 : 1
    }
  }
}

export function batchGradientMomentsF32(args: BatchGradientMomentsF32, thread: i32, threads: i32): void {
  const dy = args.dy
  const x = args.x
  const partials = args.partials
  const rows = args.rows
  const channels = args.channels
  const chunkRows = args.chunkRows
  const rowBytes = 4 * <usize>channels
  const chunks = (rows + chunkRows - 1) / chunkRows
  const end = shareStart(chunks, 1, thread + 1, threads)
  for (let chunk = shareStart(chunks, 1, thread, threads); chunk < end; chunk++) {
    const count = min(chunkRows, rows - chunk * chunkRows)
    const from = rowBytes * <usize>(chunk * chunkRows)
    const out = partials + 4 * rowBytes * <usize>chunk
    let c = 0
    for (; c + 8 <= channels; c += 8) {
      const at = 4 * <usize>c
      gradientMoments8(dy + from + at, x + from + at, rowBytes, count, out + at)
    }
    while (c < channels) {
      const four = c + 4 <= channels
      const at = 4 * <usize>c
      let s = splat(0)
      let here = from + at
      for (let r = count; r > 0; r--) {
        s = f32x4.add(s, get(x + here, four))
        here += rowBytes
      }
      const mean = f32x4.div(s, splat(<f32>count))
      s = splat(0)
      let sumG = s
      let sumGx = s
      let rest = s
      here = from + at
      for (let r = count; r > 0; r--) {
        const d = f32x4.sub(get(x + here, four), mean)
        s = madd(d, d, s)
        rest = f32x4.add(rest, d)
        const g = get(dy + here, four)
        sumG = f32x4.add(sumG, g)
        sumGx = madd(g, d, sumGx)
        here += rowBytes
      }
      rest = f32x4.div(rest, splat(<f32>count))
      put(out + at, f32x4.add(mean, rest), four)
      put(out + rowBytes + at, about(s, rest, count), four)
      put(out + 2 * rowBytes + at, sumG, four)
      put(out + 3 * rowBytes + at, f32x4.sub(sumGx, f32x4.mul(rest, sumG)), four)
      c += four ? 4 : 1
    }
  }
}

function gradientMoments8(dy: usize, x: usize, rowBytes: usize, count: i32, out: usize): void {
  let s0 = splat(0)
  let s1 = s0
  let p = x
  for (let r = count; r > 0; r--) {
    s0 = f32x4.add(s0, v128.load(p))
    s1 = f32x4.add(s1, v128.load(p, 16))
    p += rowBytes
  }
  const by = splat(<f32>count)
  const m0 = f32x4.div(s0, by)
  const m1 = f32x4.div(s1, by)
  s0 = s1 = splat(0)
  let g0 = s0
  let g1 = s0
  let x0 = s0
  let x1 = s0
  let r0 = s0
  let r1 = s0
  p = x
  for (let r = count; r > 0; r--) {
    const d0 = f32x4.sub(v128.load(p), m0)
    const d1 = f32x4.sub(v128.load(p, 16), m1)
    s0 = madd(d0, d0, s0)
    s1 = madd(d1, d1, s1)
    r0 = f32x4.add(r0, d0)
    r1 = f32x4.add(r1, d1)
    const v0 = v128.load(dy)
    const v1 = v128.load(dy, 16)
    g0 = f32x4.add(g0, v0)
    g1 = f32x4.add(g1, v1)
    x0 = madd(v0, d0, x0)
    x1 = madd(v1, d1, x1)
    p += rowBytes
    dy += rowBytes
  }
  r0 = f32x4.div(r0, by)
  r1 = f32x4.div(r1, by)
  v128.store(out, f32x4.add(m0, r0))
  v128.store(out, f32x4.add(m1, r1), 16)
  out += rowBytes
  v128.store(out, about(s0, r0, count))
  v128.store(out, about(s1, r1, count), 16)
  out += rowBytes
  v128.store(out, g0)
  v128.store(out, g1, 16)
  out += rowBytes
  v128.store(out, f32x4.sub(x0, f32x4.mul(r0, g0)))
  v128.store(out, f32x4.sub(x1, f32x4.mul(r1, g1)), 16)
}

export function batchGradientStatisticsF32(args: BatchGradientStatisticsF32, thread: i32, threads: i32): void {
  const partials = args.partials
  const rows = args.rows
  const channels = args.channels
  const chunkRows = args.chunkRows
  const scale = args.scale
  const dscale = args.dscale
  const dbias = args.dbias
  const coefficients = args.coefficients
  const epsilon = <f64>args.epsilon
  const rowBytes = 4 * <usize>channels
  const end = shareStart(channels, 1, thread + 1, threads)
  for (let c = shareStart(channels, 1, thread, threads); c < end; c++) {
    const at = 4 * <usize>c
    const mean = meanOf(partials + at, 4 * rowBytes, rows, chunkRows)
    const variance = squaresOf(partials + at, rowBytes, 4 * rowBytes, rows, chunkRows, mean) / <f64>rows
    const inverse = 1 / sqrt<f64>(variance + epsilon)
    let sum: f64 = 0
    let product: f64 = 0
    let p = partials + at
    for (let row = 0; row < rows; row += chunkRows) {
      const g = <f64>load<f32>(p + 2 * rowBytes)
      sum += g
      product += <f64>load<f32>(p + 3 * rowBytes) + (<f64>load<f32>(p) - mean) * g
      p += 4 * rowBytes
    }
    product *= inverse
    if (dscale) store<f32>(dscale + at, <f32>product)
    if (dbias) store<f32>(dbias + at, <f32>sum)
    const factor = <f64>load<f32>(scale + at) * inverse
    store<f32>(coefficients + at, <f32>mean)
    store<f32>(coefficients + rowBytes + at, <f32>factor)
    store<f32>(coefficients + 2 * rowBytes + at, <f32>((-factor * inverse * product) / <f64>rows))
    store<f32>(coefficients + 3 * rowBytes + at, <f32>((-factor * sum) / <f64>rows))
  }
}

export function batchGradientApplyF32(args: BatchGradientApplyF32, thread: i32, threads: i32): void {
  const dy = args.dy
  const x = args.x
  const dx = args.dx
  const coefficients = args.coefficients
  const rows = args.rows
  const channels = args.channels
  const rowBytes = 4 * <usize>channels
  const start = shareStart(rows, 1, thread, threads)
  const count = shareStart(rows, 1, thread + 1, threads) - start
  const first = rowBytes * <usize>start
  const stretch = max(8, 4096 / max(1, channels))
  for (let r = 0; r < count; r += stretch) {
    const turns = min(stretch, count - r)
    const offset = first + rowBytes * <usize>r
    for (let c = 0; c < channels; ) {
      const four = c + 4 <= channels
      const at = coefficients + 4 * <usize>c
      const m = get(at, four)
      const p = get(at + rowBytes, four)
      const q = get(at + 2 * rowBytes, four)
      const k = get(at + 3 * rowBytes, four)
      let here = offset + 4 * <usize>c
      if (four && c + 8 <= channels) {
        const at1 = at + 16
        const m1 = v128.load(at1)
        const p1 = v128.load(at1 + rowBytes)
        const q1 = v128.load(at1 + 2 * rowBytes)
        const k1 = v128.load(at1 + 3 * rowBytes)
        for (let i = turns; i > 0; i--) {
          const g = v128.load(dy + here)
          const g1 = v128.load(dy + here, 16)
          const v = madd(g, p, madd(f32x4.sub(v128.load(x + here), m), q, k))
          const v1 = madd(g1, p1, madd(f32x4.sub(v128.load(x + here, 16), m1), q1, k1))
          v128.store(dx + here, v)
          v128.store(dx + here, v1, 16)
          here += rowBytes
        }
        c += 8
      } else {
        for (let i = turns; i > 0; i--) {
          put(dx + here, madd(get(dy + here, four), p, madd(f32x4.sub(get(x + here, four), m), q, k)), four)
          here += rowBytes
        }
        c += four ? 4 : 1
      }
    }
  }
}

/** dY where lo < Y < hi, else 0. */
// @inline
function passed(dy: v128, y: v128, lo: v128, hi: v128): v128 {
  return v128.and(dy, v128.and(f32x4.gt(y, lo), f32x4.lt(y, hi)))
}

export function clipGradientF32(args: ClipGradientF32, thread: i32, threads: i32): void {
  const rows = args.rows
  const channels = args.channels
  if (rows === 1) {
    const first = shareStart(channels, 16, thread, threads)
    const start = 4 * <usize>first
    clipRow(args, args.dy + start, args.y + start, args.dx + start, shareStart(channels, 16, thread + 1, threads) - first)
    return
  }
  const end = shareStart(rows, 1, thread + 1, threads)
  for (let row = shareStart(rows, 1, thread, threads); row < end; row++)
    clipRow(args, args.dy + 4 * <usize>(row * args.dyPixel), args.y + 4 * <usize>(row * args.yPixel), args.dx + 4 * <usize>(row * args.dxPixel), channels)
}

function clipRow(args: ClipGradientF32, dy: usize, y: usize, dx: usize, count: i32): void {
  const lo = splat(args.lo)
  const hi = splat(args.hi)
  for (; count >= 8; count -= 8) {
    const a = passed(v128.load(dy), v128.load(y), lo, hi)
    const b = passed(v128.load(dy, 16), v128.load(y, 16), lo, hi)
    v128.store(dx, a)
    v128.store(dx, b, 16)
    dy += 32
    y += 32
    dx += 32
  }
  for (; count > 0; count--) {
    v128.store32_lane(dx, passed(v128.load32_zero(dy), v128.load32_zero(y), lo, hi), 0)
    dy += 4
    y += 4
    dx += 4
  }
}
