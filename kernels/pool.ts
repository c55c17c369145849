// Pooling over windows, NHWC (NDHWC): every output pixel is the maximum or the mean of the pixels that its window meets.

import { splat } from './math'
import { greater } from './simd'
import { shareStart } from './sync'
import { PoolF32, tableEntryBytes, Windows } from './table.generated'

/** Of the table of `Windows`. */
@unmanaged
export class Entry {
  first: i32
  taps: i32
  divisor: i32
}

// @inline
export function entryD(windows: Windows, od: i32): Entry {
  return changetype<Entry>(windows.table + tableEntryBytes * <usize>od)
}

// @inline
export function entryH(windows: Windows, oh: i32): Entry {
  return changetype<Entry>(windows.table + tableEntryBytes * <usize>(windows.outD + oh))
}

// @inline
export function entryW(windows: Windows, ow: i32): Entry {
  return changetype<Entry>(windows.table + tableEntryBytes * <usize>(windows.outD + windows.outH + ow))
}

export function poolF32(args: PoolF32, thread: i32, threads: i32): void {
  if (args.average) pool<Mean>(args, thread, threads)
  else pool<Maximum>(args, thread, threads)
}

/** A reduction `T` has `none`, what it begins with, `take`, one tap more, and `end`; no fields. */
function pool<T>(args: PoolF32, thread: i32, threads: i32): void {
  const outH = args.outH
  const outW = args.outW
  const pixel: usize = 4 * <usize>args.channels
  // Shares are rows of the output, or parts of every one where there are few.
  const rows = args.batch * args.outD * outH
  const byRows = rows >= 8 * threads
  const first = byRows ? shareStart(rows, 1, thread, threads) : 0
  const last = byRows ? shareStart(rows, 1, thread + 1, threads) : rows
  const from = byRows ? 0 : shareStart(outW, 1, thread, threads)
  const to = byRows ? outW : shareStart(outW, 1, thread + 1, threads)
  for (let row = first; row < last; row++) {
    const nd = row / outH
    const n = nd / args.outD
    const d = entryD(args, nd - n * args.outD)
    const h = entryH(args, row - nd * outH)
    const x: usize = args.x + pixel * (((<usize>n * args.inD + d.first) * args.inH + h.first) * args.inW)
    const divisor = d.divisor * h.divisor
    let y: usize = args.y + pixel * (<usize>row * outW + from)
    for (let ow = from; ow < to; ow++) {
      const w = entryW(args, ow)
      poolPixel<T>(x + pixel * <usize>w.first, y, args, d.taps, h.taps, w.taps, splat(<f32>(divisor * w.divisor)))
      y += pixel
    }
  }
}

function poolPixel<T>(x: usize, y: usize, windows: Windows, tapsD: i32, tapsH: i32, tapsW: i32, divisor: v128): void {
  const t = changetype<T>(0)
  const stepD: usize = 4 * <usize>windows.stepD
  const stepH: usize = 4 * <usize>windows.stepH
  const stepW: usize = 4 * <usize>windows.stepW
  let c = windows.channels
  for (; c >= 16; c -= 16) {
    let r0 = t.none()
    let r1 = r0
    let r2 = r0
    let r3 = r0
    let d = x
    for (let i = 0; i < tapsD; i++) {
      let h = d
      for (let j = 0; j < tapsH; j++) {
        let w = h
        for (let k = 0; k < tapsW; k++) {
          r0 = t.take(r0, v128.load(w))
          r1 = t.take(r1, v128.load(w, 16))
          r2 = t.take(r2, v128.load(w, 32))
          r3 = t.take(r3, v128.load(w, 48))
          w += stepW
        }
        h += stepH
      }
      d += stepD
    }
    v128.store(y, t.end(r0, divisor))
    v128.store(y, t.end(r1, divisor), 16)
    v128.store(y, t.end(r2, divisor), 32)
    v128.store(y, t.end(r3, divisor), 48)
    x += 64
    y += 64
  }
  for (; c > 0; c -= 4) {
    let r = t.none()
    let d = x
    for (let i = 0; i < tapsD; i++) {
      let h = d
      for (let j = 0; j < tapsH; j++) {
        let w = h
        for (let k = 0; k < tapsW; k++) {
          r = t.take(r, c >= 4 ? v128.load(w) : v128.load32_zero(w))
          w += stepW
        }
        h += stepH
      }
      d += stepD
    }
    r = t.end(r, divisor)
    if (c >= 4) {
      v128.store(y, r)
      x += 16
      y += 16
    } else {
      v128.store32_lane(y, r, 0)
      x += 4
      y += 4
      c += 3
    }
  }
}

class Maximum {
  // @inline
  none(): v128 {
    return splat(-Infinity)
  }

  // @inline
  take(most: v128, x: v128): v128 {
    return greater(most, x)
  }

  // @inline
  end(most: v128, _divisor: v128): v128 {
    return most
  }
}

class Mean {
  // @inline
  none(): v128 {
    return splat(0)
  }

  // @inline
  take(sum: v128, x: v128): v128 {
    return f32x4.add(sum, x)
  }

  // @inline
  end(sum: v128, divisor: v128): v128 {
    return f32x4.div(sum, divisor)
  }
}
