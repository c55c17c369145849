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
  // That NaN passes costs a third more time, and there mostly is none.
  else if (!pool<Maximum>(args, thread, threads)) pool<CarefulMaximum>(args, thread, threads)
}

/**
 * How many taps of a window are not the next one's, too: every pixel that windows meet is one of these in one of them.
 * @param isLast whether no other follows
 * @param isDense whether taps lie side by side
 */
// @inline
function ownTaps(window: Entry, next: Entry, isLast: bool, isDense: bool): i32 {
  const taps = window.taps
  if (isLast || !isDense || next.first + next.taps < window.first + taps) return taps
  return min(max(next.first - window.first, 0), taps)
}

/**
 * A reduction `T` has `none`, what it begins with, `take`, one tap more, `end`, and `checks`, whether it has to know of NaN; no fields.
 * @returns whether no NaN was met, as far as `T` has to know; infinities of both signs count as one
 */
function pool<T>(args: PoolF32, thread: i32, threads: i32): bool {
  const outH = args.outH
  const outW = args.outW
  const xPixel: usize = 4 * <usize>args.xPixel
  const yPixel: usize = 4 * <usize>args.yPixel
  const denseD = args.stepD === args.inH * args.inW * args.xPixel
  const denseH = args.stepH === args.inW * args.xPixel
  const denseW = args.stepW === args.xPixel
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
    const od = nd - n * args.outD
    const oh = row - nd * outH
    const d = entryD(args, od)
    const h = entryH(args, oh)
    const ownD = ownTaps(d, entryD(args, od + 1), od + 1 === args.outD || row + outH >= last, denseD)
    const ownH = ownTaps(h, entryH(args, oh + 1), oh + 1 === outH || row + 1 === last, denseH)
    const x: usize = args.x + xPixel * (((<usize>n * args.inD + d.first) * args.inH + h.first) * args.inW)
    const divisor = d.divisor * h.divisor
    let y: usize = args.y + yPixel * (<usize>row * outW + from)
    let seen = splat(0)
    for (let ow = from; ow < to; ow++) {
      const w = entryW(args, ow)
      const ownW = ownTaps(w, entryW(args, ow + 1), ow + 1 === to, denseW)
      const pixels = poolPixel<T>(x + xPixel * <usize>w.first, y, args, d.taps, h.taps, w.taps, ownD, ownH, ownW, splat(<f32>(divisor * w.divisor)))
      if (changetype<T>(0).checks()) seen = f32x4.add(seen, pixels)
      y += yPixel
    }
    if (changetype<T>(0).checks() && v128.any_true(f32x4.ne(seen, seen))) return false
  }
  return true
}

/** @returns a sum of the first `ownD`, `ownH` and `ownW` taps: NaN where one of them is */
function poolPixel<T>(x: usize, y: usize, windows: Windows, tapsD: i32, tapsH: i32, tapsW: i32, ownD: i32, ownH: i32, ownW: i32, divisor: v128): v128 {
  const t = changetype<T>(0)
  const stepD: usize = 4 * <usize>windows.stepD
  const stepH: usize = 4 * <usize>windows.stepH
  const stepW: usize = 4 * <usize>windows.stepW
  const bytesW = stepW * <usize>tapsW
  const ownBytes = stepW * <usize>ownW
  let seen = splat(0)
  let c = windows.channels
  for (; c >= 16; c -= 16) {
    let r0 = t.none()
    let r1 = r0
    let r2 = r0
    let r3 = r0
    let d = x
    for (let i = 0; i < tapsD; i++) {
      let h = d
      if (t.checks())
        for (const own = d + stepH * <usize>(i < ownD ? ownH : 0); h < own; h += stepH) {
          let w = h
          for (const own = h + ownBytes; w < own; w += stepW) {
            const v0 = v128.load(w)
            const v1 = v128.load(w, 16)
            const v2 = v128.load(w, 32)
            const v3 = v128.load(w, 48)
            seen = f32x4.add(seen, f32x4.add(f32x4.add(v0, v1), f32x4.add(v2, v3)))
            r0 = t.take(r0, v0)
            r1 = t.take(r1, v1)
            r2 = t.take(r2, v2)
            r3 = t.take(r3, v3)
          }
          for (const end = h + bytesW; w < end; w += stepW) {
            r0 = t.take(r0, v128.load(w))
            r1 = t.take(r1, v128.load(w, 16))
            r2 = t.take(r2, v128.load(w, 32))
            r3 = t.take(r3, v128.load(w, 48))
          }
        }
      for (const end = d + stepH * <usize>tapsH; h < end; h += stepH) {
        const end = h + bytesW
        for (let w = h; w < end; w += stepW) {
          r0 = t.take(r0, v128.load(w))
          r1 = t.take(r1, v128.load(w, 16))
          r2 = t.take(r2, v128.load(w, 32))
          r3 = t.take(r3, v128.load(w, 48))
        }
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
        const own = i < ownD && j < ownH ? h + ownBytes : h
        for (const end = h + bytesW; w < end; w += stepW) {
          const v = c >= 4 ? v128.load(w) : v128.load32_zero(w)
          if (t.checks() && w < own) seen = f32x4.add(seen, v)
          r = t.take(r, v)
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
  return seen
}

/** Of numbers. */
class Maximum {
  // @inline
  checks(): bool {
    return true
  }

  // @inline
  none(): v128 {
    return splat(-Infinity)
  }

  // @inline
  take(most: v128, x: v128): v128 {
    return f32x4.pmax(most, x)
  }

  // @inline
  end(most: v128, _divisor: v128): v128 {
    return most
  }
}

/** NaN where any tap is. */
class CarefulMaximum {
  // @inline
  checks(): bool {
    return false
  }

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
  checks(): bool {
    return false
  }

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
