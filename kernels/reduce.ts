// Reductions: Y[o, i] = f over r of X[o, r, i]. With inner > 1 (NHWC over space: inner = channels) lanes are different outputs; with
// inner = 1 (trailing axes) the lanes are parts of one output. Every sum is taken in blocks, so that its rounding error grows with the block and the
// number of blocks, not with all terms.

import { splat } from './math'
import { shareStart } from './sync'
import { ReduceLastF32, ReduceRowsF32, Reduction } from './table.generated'

const block = 128

// @inline
function start(f: i32): f32 {
  return f === Reduction.max ? -Infinity : f === Reduction.min ? Infinity : f === Reduction.prod ? 1 : 0
}

/** acc and one more element. */
// @inline
function take(f: i32, acc: v128, x: v128): v128 {
  if (f === Reduction.max) return f32x4.max(acc, x)
  if (f === Reduction.min) return f32x4.min(acc, x)
  if (f === Reduction.prod) return f32x4.mul(acc, x)
  if (f === Reduction.sumSquare) return f32x4.add(acc, f32x4.mul(x, x))
  if (f === Reduction.l1) return f32x4.add(acc, f32x4.abs(x))
  return f32x4.add(acc, x)
}

/** Two partial results. */
// @inline
function join(f: i32, a: v128, b: v128): v128 {
  if (f === Reduction.max) return f32x4.max(a, b)
  if (f === Reduction.min) return f32x4.min(a, b)
  if (f === Reduction.prod) return f32x4.mul(a, b)
  return f32x4.add(a, b)
}

/** count outputs from column `x`, `rows` elements of each. */
// @inline
function columns(f: i32, x: usize, y: usize, rows: i32, rowBytes: usize, count: i32, scale: v128): void {
  const zero = splat(start(f))
  for (; count >= 16; count -= 16) {
    let t0 = zero
    let t1 = zero
    let t2 = zero
    let t3 = zero
    let p = x
    for (let r = 0; r < rows; ) {
      const end = min(rows, r + block)
      let s0 = zero
      let s1 = zero
      let s2 = zero
      let s3 = zero
      for (; r < end; r++) {
        s0 = take(f, s0, v128.load(p))
        s1 = take(f, s1, v128.load(p, 16))
        s2 = take(f, s2, v128.load(p, 32))
        s3 = take(f, s3, v128.load(p, 48))
        p += rowBytes
      }
      t0 = join(f, t0, s0)
      t1 = join(f, t1, s1)
      t2 = join(f, t2, s2)
      t3 = join(f, t3, s3)
    }
    v128.store(y, f32x4.mul(t0, scale))
    v128.store(y, f32x4.mul(t1, scale), 16)
    v128.store(y, f32x4.mul(t2, scale), 32)
    v128.store(y, f32x4.mul(t3, scale), 48)
    x += 64
    y += 64
  }
  while (count > 0) {
    let t = zero
    let p = x
    for (let r = 0; r < rows; ) {
      const end = min(rows, r + block)
      let s = zero
      for (; r < end; r++) {
        s = take(f, s, count >= 4 ? v128.load(p) : v128.load32_zero(p))
        p += rowBytes
      }
      t = join(f, t, s)
    }
    t = f32x4.mul(t, scale)
    if (count >= 4) {
      v128.store(y, t)
      x += 16
      y += 16
      count -= 4
    } else {
      v128.store32_lane(y, t, 0)
      x += 4
      y += 4
      count--
    }
  }
}

export function reduceRowsF32(args: ReduceRowsF32, thread: i32, threads: i32): void {
  const x = args.x
  const y = args.y
  const outer = args.outer
  const rows = args.rows
  const inner = args.inner
  const f = args.apply
  const scale = splat(args.scale)
  const byOuter = outer >= 8 * threads
  const first = byOuter ? shareStart(outer, 1, thread, threads) : 0
  const last = byOuter ? shareStart(outer, 1, thread + 1, threads) : outer
  const from = byOuter ? 0 : shareStart(inner, 16, thread, threads)
  const count = (byOuter ? inner : shareStart(inner, 16, thread + 1, threads)) - from
  if (count === 0) return
  const rowBytes: usize = 4 * <usize>inner
  for (let o = first; o < last; o++) {
    const xp = x + <usize>o * rows * rowBytes + 4 * <usize>from
    const yp = y + <usize>o * rowBytes + 4 * <usize>from
    // biome-ignore format: a table
    switch (f) {
      case Reduction.sum: columns(Reduction.sum, xp, yp, rows, rowBytes, count, scale); break
      case Reduction.max: columns(Reduction.max, xp, yp, rows, rowBytes, count, scale); break
      case Reduction.min: columns(Reduction.min, xp, yp, rows, rowBytes, count, scale); break
      case Reduction.prod: columns(Reduction.prod, xp, yp, rows, rowBytes, count, scale); break
      case Reduction.sumSquare: columns(Reduction.sumSquare, xp, yp, rows, rowBytes, count, scale); break
      case Reduction.l1: columns(Reduction.l1, xp, yp, rows, rowBytes, count, scale); break
    }
  }
}

// @inline
function row(f: i32, x: usize, size: i32): f32 {
  const zero = splat(start(f))
  let t = zero
  for (; size >= 16; ) {
    let s0 = zero
    let s1 = zero
    let s2 = zero
    let s3 = zero
    for (let end = max(15, size - 16 * block); size > end; size -= 16) {
      s0 = take(f, s0, v128.load(x))
      s1 = take(f, s1, v128.load(x, 16))
      s2 = take(f, s2, v128.load(x, 32))
      s3 = take(f, s3, v128.load(x, 48))
      x += 64
    }
    t = join(f, t, join(f, join(f, s0, s1), join(f, s2, s3)))
  }
  for (; size >= 4; size -= 4) {
    t = take(f, t, v128.load(x))
    x += 16
  }
  // The last elements one by one into the first lane; the others take what changes nothing.
  for (; size > 0; size--) {
    t = take(f, t, f32x4.replace_lane(zero, 0, load<f32>(x)))
    x += 4
  }
  t = join(f, t, v128.shuffle<i64>(t, t, 1, 0))
  return f32x4.extract_lane(join(f, t, v128.shuffle<f32>(t, t, 1, 0, 3, 2)), 0)
}

export function reduceLastF32(args: ReduceLastF32, thread: i32, threads: i32): void {
  const x = args.x
  const y = args.y
  const rows = args.rows
  const size = args.size
  const f = args.apply
  const scale = args.scale
  const last = shareStart(rows, 1, thread + 1, threads)
  for (let r = shareStart(rows, 1, thread, threads); r < last; r++) {
    const xp = x + 4 * (<usize>r * size)
    let value: f32 = 0
    // biome-ignore format: a table
    switch (f) {
      case Reduction.sum: value = row(Reduction.sum, xp, size); break
      case Reduction.max: value = row(Reduction.max, xp, size); break
      case Reduction.min: value = row(Reduction.min, xp, size); break
      case Reduction.prod: value = row(Reduction.prod, xp, size); break
      case Reduction.sumSquare: value = row(Reduction.sumSquare, xp, size); break
      case Reduction.l1: value = row(Reduction.l1, xp, size); break
    }
    store<f32>(y + 4 * <usize>r, value * scale)
  }
}
