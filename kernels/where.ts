// A choice between two values by the sign of a third.

import { shareStart } from './sync'
import { splat } from './math'

/**
 * Y = A where S > 0, else B. Arguments: s, a, b, y (addresses; y contiguous, may be an operand that has y's shape), six sizes, six strides of s, of
 * a and of b, in elements, 0 where they broadcast; those of the innermost axis are 0 or 1, or all operands go one element a turn.
 */
export function whereF32(args: usize, thread: i32, threads: i32): void {
  const s = <usize>load<i32>(args, 0)
  const a = <usize>load<i32>(args, 4)
  const b = <usize>load<i32>(args, 8)
  const y = <usize>load<i32>(args, 12)
  const t = args + 16
  const d1 = load<i32>(t, 4)
  const d2 = load<i32>(t, 8)
  const d3 = load<i32>(t, 12)
  const d4 = load<i32>(t, 16)
  const inner = load<i32>(t, 20)
  const rows = load<i32>(t) * d1 * d2 * d3 * d4
  // Shares are rows, or parts of every row where there are few.
  const byRows = rows >= 8 * threads
  const last = byRows ? shareStart(rows, 1, thread + 1, threads) : rows
  const from = byRows ? 0 : shareStart(inner, 16, thread, threads)
  const count = (byRows ? inner : shareStart(inner, 16, thread + 1, threads)) - from
  if (count == 0) return
  for (let row = byRows ? shareStart(rows, 1, thread, threads) : 0; row < last; row++) {
    let r = row / d4
    const i4 = row - r * d4
    const i3 = r % d3
    r /= d3
    const i2 = r % d2
    r /= d2
    const i1 = r % d1
    const i0 = r / d1
    whereRun(
      operand(s, t + 24, i0, i1, i2, i3, i4, from), load<i32>(t, 44), operand(a, t + 48, i0, i1, i2, i3, i4, from), load<i32>(t, 68),
      operand(b, t + 72, i0, i1, i2, i3, i4, from), load<i32>(t, 92), y + 4 * (<usize>row * inner + from), count,
    )
  }
}

// @ts-ignore: decorator
@inline
function operand(base: usize, strides: usize, i0: i32, i1: i32, i2: i32, i3: i32, i4: i32, i5: i32): usize {
  return base + 4 * <usize>(
    i0 * load<i32>(strides) + i1 * load<i32>(strides, 4) + i2 * load<i32>(strides, 8) +
    i3 * load<i32>(strides, 12) + i4 * load<i32>(strides, 16) + i5 * load<i32>(strides, 20)
  )
}

// prettier-ignore
function whereRun(s: usize, sStride: i32, a: usize, aStride: i32, b: usize, bStride: i32, y: usize, count: i32): void {
  const sStep = <usize>(4 * sStride)
  const aStep = <usize>(4 * aStride)
  const bStep = <usize>(4 * bStride)
  if (<u32>sStride <= 1 && <u32>aStride <= 1 && <u32>bStride <= 1)
    for (; count >= 4; count -= 4) {
      const sv = sStride ? v128.load(s) : v128.load32_splat(s)
      const av = aStride ? v128.load(a) : v128.load32_splat(a)
      const bv = bStride ? v128.load(b) : v128.load32_splat(b)
      v128.store(y, v128.bitselect(av, bv, f32x4.gt(sv, splat(0))))
      s += 4 * sStep
      a += 4 * aStep
      b += 4 * bStep
      y += 16
    }
  for (; count > 0; count--) {
    store<f32>(y, load<f32>(s) > 0 ? load<f32>(a) : load<f32>(b))
    s += sStep
    a += aStep
    b += bStep
    y += 4
  }
}
