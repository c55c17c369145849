// Interpolation with tables of indices and weights. Nearest neighbours are `gatherF32` in layout.ts.

import { splat } from './math'
import { madd } from './simd'
import { shareStart } from './sync'
import { ResampleF32, ResizeLinearF32, tableEntryBytes } from './table.generated'

export function resizeLinearF32(args: ResizeLinearF32, thread: i32, threads: i32): void {
  const x = args.x
  const y = args.y
  const batch = args.batch
  const inH = args.inH
  const inW = args.inW
  const channels = args.channels
  const outH = args.outH
  const outW = args.outW
  const tableH = args.tableH
  const tableW = args.tableW
  const rows = batch * outH
  const pixel: usize = 4 * <usize>args.xPixel
  const yPixel: usize = 4 * <usize>args.yPixel
  const end = shareStart(rows, 1, thread + 1, threads)
  for (let row = shareStart(rows, 1, thread, threads); row < end; row++) {
    const n = row / outH
    const entryH = tableH + tableEntryBytes * <usize>(row - n * outH)
    const image: usize = x + pixel * (<usize>n * inH * inW)
    const upper: usize = image + pixel * (<usize>load<i32>(entryH) * inW)
    const lower: usize = image + pixel * (<usize>load<i32>(entryH, 4) * inW)
    const v = splat(load<f32>(entryH, 8))
    for (let ow = 0; ow < outW; ow++) {
      let yp: usize = y + yPixel * (<usize>row * outW + ow)
      const entryW = tableW + tableEntryBytes * <usize>ow
      const left: usize = pixel * <usize>load<i32>(entryW)
      const right: usize = pixel * <usize>load<i32>(entryW, 4)
      const u = splat(load<f32>(entryW, 8))
      let a = upper + left
      let b = upper + right
      let c = lower + left
      let d = lower + right
      let i = channels
      for (; i >= 4; i -= 4) {
        v128.store(yp, between(between(v128.load(a), v128.load(b), u), between(v128.load(c), v128.load(d), u), v))
        a += 16
        b += 16
        c += 16
        d += 16
        yp += 16
      }
      for (; i > 0; i--) {
        const top = between(v128.load32_zero(a), v128.load32_zero(b), u)
        const bottom = between(v128.load32_zero(c), v128.load32_zero(d), u)
        v128.store32_lane(yp, between(top, bottom, v), 0)
        a += 4
        b += 4
        c += 4
        d += 4
        yp += 4
      }
    }
  }
}

// @inline
function between(a: v128, b: v128, weight: v128): v128 {
  return madd(f32x4.sub(b, a), weight, a)
}

export function resampleF32(args: ResampleF32, thread: i32, threads: i32): void {
  const x = args.x
  const y = args.y
  const outer = args.outer
  const inSize = args.inSize
  const outSize = args.outSize
  const inner = args.inner
  const taps = args.taps
  const indices = args.indices
  const weights = args.weights
  const end = shareStart(outer * outSize, 1, thread + 1, threads)
  for (let row = shareStart(outer * outSize, 1, thread, threads); row < end; row++) {
    const o = row / outSize
    const table: usize = 4 * (<usize>(row - o * outSize) * taps)
    const xp = x + 4 * (<usize>o * inSize * inner)
    let yp = y + 4 * (<usize>row * inner)
    for (let i = 0; i < inner; ) {
      const four = i + 4 <= inner
      let s = splat(0)
      for (let t = 0; t < taps; t++) {
        const p = xp + 4 * (<usize>load<i32>(indices + table + 4 * <usize>t) * inner + i)
        s = madd(four ? v128.load(p) : v128.load32_zero(p), v128.load32_splat(weights + table + 4 * <usize>t), s)
      }
      if (four) {
        v128.store(yp, s)
        yp += 16
        i += 4
      } else {
        v128.store32_lane(yp, s, 0)
        yp += 4
        i++
      }
    }
  }
}
