// A choice between two values by the sign of a third.

import { splat } from './math'
import { WhereF32 } from './table.generated'
import { elementAt, walkRows } from './walk'

/** Strides along the innermost axis are 0 or 1, or all operands go one element a turn. */
export function whereF32(args: WhereF32, thread: i32, threads: i32): void {
  walkRows<WhereRows, WhereF32>(args, thread, threads)
}

class WhereRows {
  rows(args: WhereF32, i0: i32, i1: i32, i2: i32, i3: i32, i4: i32, turns: i32, row: i32, from: i32, count: i32): void {
    const inner = args.sizes5
    let s = elementAt(args.s, args.sStrides, i0, i1, i2, i3, i4, from)
    let a = elementAt(args.a, args.aStrides, i0, i1, i2, i3, i4, from)
    let b = elementAt(args.b, args.bStrides, i0, i1, i2, i3, i4, from)
    let y = args.y + 4 * (<usize>row * inner + from)
    for (; turns > 0; turns--) {
      whereRun(s, args.sStrides5, a, args.aStrides5, b, args.bStrides5, y, count)
      s += <usize>(4 * args.sStrides4)
      a += <usize>(4 * args.aStrides4)
      b += <usize>(4 * args.bStrides4)
      y += 4 * <usize>inner
    }
  }
}

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
