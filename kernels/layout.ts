// Moves elements without touching them: fill, strided copies, transposes, gathers.

import { shareStart } from './sync'
import { CopyStridedF32, FillF32, GatherF32, TransposeF32, TransposeU8 } from './table.generated'
import { elementAt, walkRows } from './walk'

export function fillF32(args: FillF32, thread: i32, threads: i32): void {
  const total = args.count
  const start = shareStart(total, 16, thread, threads)
  fillRun(args.y + 4 * <usize>start, args.value, shareStart(total, 16, thread + 1, threads) - start)
}

// @inline
function fillRun(y: usize, value: f32, count: i32): void {
  const v = f32x4.splat(value)
  for (; count >= 4; count -= 4) {
    v128.store(y, v)
    y += 16
  }
  for (; count > 0; count--) {
    store<f32>(y, value)
    y += 4
  }
}

/** A contiguous run. Calls for a few bytes cost more than the bytes. */
// @inline
export function moveRun(x: usize, y: usize, count: i32): void {
  if (count >= 256) {
    memory.copy(y, x, 4 * <usize>count)
    return
  }
  for (; count >= 16; count -= 16) {
    const x0 = v128.load(x)
    const x1 = v128.load(x, 16)
    const x2 = v128.load(x, 32)
    const x3 = v128.load(x, 48)
    v128.store(y, x0)
    v128.store(y, x1, 16)
    v128.store(y, x2, 32)
    v128.store(y, x3, 48)
    x += 64
    y += 64
  }
  for (; count >= 4; count -= 4) {
    v128.store(y, v128.load(x))
    x += 16
    y += 16
  }
  for (; count > 0; count--) {
    store<i32>(y, load<i32>(x))
    x += 4
    y += 4
  }
}

// @inline
function stridedRun(x: usize, xStride: i32, y: usize, yStride: i32, count: i32): void {
  const xStep = <usize>(4 * xStride)
  const yStep = <usize>(4 * yStride)
  for (; count >= 4; count -= 4) {
    const x0 = load<i32>(x)
    const x1 = load<i32>(x + xStep)
    const x2 = load<i32>(x + 2 * xStep)
    const x3 = load<i32>(x + 3 * xStep)
    store<i32>(y, x0)
    store<i32>(y + yStep, x1)
    store<i32>(y + 2 * yStep, x2)
    store<i32>(y + 3 * yStep, x3)
    x += 4 * xStep
    y += 4 * yStep
  }
  for (; count > 0; count--) {
    store<i32>(y, load<i32>(x))
    x += xStep
    y += yStep
  }
}

export function copyStridedF32(args: CopyStridedF32, thread: i32, threads: i32): void {
  walkRows<CopyRows, CopyStridedF32>(args, thread, threads)
}

class CopyRows {
  rows(args: CopyStridedF32, i0: i32, i1: i32, i2: i32, i3: i32, i4: i32, turns: i32, _row: i32, from: i32, count: i32): void {
    const xInner = args.xStrides5
    const yInner = args.yStrides5
    let x = elementAt(args.x, args.xStrides, i0, i1, i2, i3, i4, from)
    let y = elementAt(args.y, args.yStrides, i0, i1, i2, i3, i4, from)
    for (; turns > 0; turns--) {
      if (yInner === 1 && xInner === 1) moveRun(x, y, count)
      else if (yInner === 1 && xInner === 0) fillRun(y, load<f32>(x), count)
      else stridedRun(x, xInner, y, yInner, count)
      x += <usize>(4 * args.xStrides4)
      y += <usize>(4 * args.yStrides4)
    }
  }
}

/** Four rows of four to four columns of four. */
// @inline
function transpose4(x: usize, xRow: usize, y: usize, yRow: usize): void {
  const a = v128.load(x)
  const b = v128.load(x + xRow)
  const c = v128.load(x + 2 * xRow)
  const d = v128.load(x + 3 * xRow)
  const ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5)
  const ab1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7)
  const cd0 = v128.shuffle<f32>(c, d, 0, 4, 1, 5)
  const cd1 = v128.shuffle<f32>(c, d, 2, 6, 3, 7)
  v128.store(y, v128.shuffle<i64>(ab0, cd0, 0, 2))
  v128.store(y + yRow, v128.shuffle<i64>(ab0, cd0, 1, 3))
  v128.store(y + 2 * yRow, v128.shuffle<i64>(ab1, cd1, 0, 2))
  v128.store(y + 3 * yRow, v128.shuffle<i64>(ab1, cd1, 1, 3))
}

/** Columns [from, to) of one matrix, at most 16 of them: whole cache lines are read, and written rows grow one vector at a time. */
// @inline
function transposeColumns(x: usize, xRow: usize, y: usize, yRow: usize, rows: i32, from: i32, to: i32): void {
  x += 4 * <usize>from
  y += <usize>from * yRow
  const columns = to - from
  const whole = columns & ~3
  let r = 0
  for (; r + 4 <= rows; r += 4) {
    let c = 0
    for (; c < whole; c += 4) transpose4(x + 4 * <usize>c, xRow, y + <usize>c * yRow, yRow)
    for (; c < columns; c++) {
      const xp = x + 4 * <usize>c
      const yp = y + <usize>c * yRow
      store<i32>(yp, load<i32>(xp))
      store<i32>(yp, load<i32>(xp + xRow), 4)
      store<i32>(yp, load<i32>(xp + 2 * xRow), 8)
      store<i32>(yp, load<i32>(xp + 3 * xRow), 12)
    }
    x += 4 * xRow
    y += 16
  }
  for (; r < rows; r++) {
    for (let c = 0; c < columns; c++) store<i32>(y + <usize>c * yRow, load<i32>(x + 4 * <usize>c))
    x += xRow
    y += 4
  }
}

export function transposeF32(args: TransposeF32, thread: i32, threads: i32): void {
  const x = args.x
  const y = args.y
  const rows = args.rows
  const columns = args.columns
  const xRow: usize = 4 * <usize>args.xRow
  const yRow: usize = 4 * <usize>args.yRow
  const d1 = args.sizes1
  const d2 = args.sizes2
  const d3 = args.sizes3
  const outer = args.sizes0 * d1 * d2 * d3
  const blocks = (columns + 15) / 16
  // Shares are blocks of 16 columns of all matrices, one behind the other.
  const end = shareStart(outer * blocks, 1, thread + 1, threads)
  for (let i = shareStart(outer * blocks, 1, thread, threads); i < end; i++) {
    let o = i / blocks
    const from = (i - o * blocks) * 16
    const i3 = o % d3
    o /= d3
    const i2 = o % d2
    o /= d2
    const i1 = o % d1
    const i0 = o / d1
    const xp = x + 4 * <usize>(i0 * args.xStrides0 + i1 * args.xStrides1 + i2 * args.xStrides2 + i3 * args.xStrides3)
    const yp = y + 4 * <usize>(i0 * args.yStrides0 + i1 * args.yStrides1 + i2 * args.yStrides2 + i3 * args.yStrides3)
    transposeColumns(xp, xRow, yp, yRow, rows, from, min(from + 16, columns))
  }
}

export function gatherF32(args: GatherF32, thread: i32, threads: i32): void {
  const x = args.x
  const y = args.y
  const outer = args.outer
  const inJ = args.inJ
  const inK = args.inK
  const outJ = args.outJ
  const outK = args.outK
  const inner = args.inner
  const xStep: usize = 4 * <usize>args.xStep
  const yStep: usize = 4 * <usize>args.yStep
  const tableJ = args.tableJ
  const tableK = args.tableK
  const rows = outer * outJ
  // Shares are rows of outK, or parts of every one where there are few.
  const byRows = rows >= 8 * threads
  const first = byRows ? shareStart(rows, 1, thread, threads) : 0
  const last = byRows ? shareStart(rows, 1, thread + 1, threads) : rows
  const from = byRows ? 0 : shareStart(outK, 1, thread, threads)
  const to = byRows ? outK : shareStart(outK, 1, thread + 1, threads)
  for (let row = first; row < last; row++) {
    const o = row / outJ
    const xRow = x + xStep * ((<usize>o * inJ + load<i32>(tableJ + 4 * <usize>(row - o * outJ))) * inK)
    let yp = y + yStep * (<usize>row * outK + from)
    if (inner === 1) {
      for (let k = from; k < to; k++) {
        store<i32>(yp, load<i32>(xRow + xStep * <usize>load<i32>(tableK + 4 * <usize>k)))
        yp += yStep
      }
    } else {
      for (let k = from; k < to; k++) {
        moveRun(xRow + xStep * <usize>load<i32>(tableK + 4 * <usize>k), yp, inner)
        yp += yStep
      }
    }
  }
}

/** Columns in turns, each of which is a row of y, in blocks whose rows of x stay in the cache. */
export function transposeU8(args: TransposeU8, thread: i32, threads: i32): void {
  const rows = args.rows
  const columns = args.columns
  const size = rows * columns
  const first = shareStart(columns, 64, thread, threads)
  const end = shareStart(columns, 64, thread + 1, threads)
  for (let matrix = 0; matrix < args.matrices; matrix++) {
    const x = args.x + <usize>(size * matrix)
    const y = args.y + <usize>(size * matrix)
    for (let block = first; block < end; block += 64)
      for (let r = 0; r < rows; r += 4) {
        const count = min(rows - r, 4)
        let from = x + <usize>(r * columns + block)
        let to = y + <usize>(block * rows + r)
        for (let c = min(end - block, 64); c > 0; c--) {
          if (count === 4) {
            store<u32>(
              to,
              <u32>load<u8>(from) |
                ((<u32>load<u8>(from + columns)) << 8) |
                ((<u32>load<u8>(from + 2 * columns)) << 16) |
                ((<u32>load<u8>(from + 3 * columns)) << 24),
            )
          } else for (let i = 0; i < count; i++) store<u8>(to + i, load<u8>(from + i * columns))
          from++
          to += rows
        }
      }
  }
}
