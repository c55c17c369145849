// Gradients of pooling over windows, NHWC (NDHWC): dX[q] = Σ over the windows that cover q of what each of them gives.
//
// A maximum gives all to its first place, a mean the same part to every place. Windows may overlap, so a thread owns whole images, 16 channels of each
// at a time: it clears them and goes over their windows.

import { splat } from './math'
import { entryD, entryH, entryW } from './pool'
import { greater } from './simd'
import { shareStart } from './sync'
import { PoolGradientF32 } from './table.generated'

export function poolGradientF32(args: PoolGradientF32, thread: i32, threads: i32): void {
  const average = args.average !== 0
  const stepD: usize = 4 * <usize>args.stepD
  const stepH: usize = 4 * <usize>args.stepH
  const stepW: usize = 4 * <usize>args.stepW
  const pixels = args.inD * args.inH * args.inW
  const channels = args.channels
  const pixel: usize = 4 * <usize>channels
  const blocks = (channels + 15) / 16
  const end = shareStart(args.batch * blocks, 1, thread + 1, threads)
  for (let unit = shareStart(args.batch * blocks, 1, thread, threads); unit < end; unit++) {
    const image = unit / blocks
    const first = 16 * (unit - image * blocks)
    const count = min(16, channels - first)
    const offset = 4 * <usize>first
    const here = pixel * <usize>(image * pixels) + offset
    const x = args.x + here
    const dx = args.dx + here
    clear(dx, pixels, pixel, count)
    let dy = args.dy + pixel * <usize>(image * args.outD * args.outH * args.outW) + offset
    for (let od = 0; od < args.outD; od++) {
      const d = entryD(args, od)
      const tapsD = d.taps
      for (let oh = 0; oh < args.outH; oh++) {
        const h = entryH(args, oh)
        const tapsH = h.taps
        const row = pixel * <usize>((d.first * args.inH + h.first) * args.inW)
        const divisor = d.divisor * h.divisor
        for (let ow = 0; ow < args.outW; ow++) {
          const w = entryW(args, ow)
          const tapsW = w.taps
          const at = row + pixel * <usize>w.first
          for (let c = 0; c < count; ) {
            const four = c + 4 <= count
            const lane = 4 * <usize>c
            const to = dx + at + lane
            if (average) spread(dy + lane, to, four, tapsD, tapsH, tapsW, stepD, stepH, stepW, <f32>(divisor * w.divisor))
            else give(dy + lane, x + at + lane, to, four, tapsD, tapsH, tapsW, stepD, stepH, stepW)
            c += four ? 4 : 1
          }
          dy += pixel
        }
      }
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

function clear(to: usize, pixels: i32, pixel: usize, count: i32): void {
  const zero = splat(0)
  for (; pixels > 0; pixels--) {
    for (let c = 0; c < count; ) {
      const four = c + 4 <= count
      put(to + 4 * <usize>c, zero, four)
      c += four ? 4 : 1
    }
    to += pixel
  }
}

/** All of dY to the first place of the window's maximum. */
function give(dy: usize, x: usize, dx: usize, four: bool, tapsD: i32, tapsH: i32, tapsW: i32, stepD: usize, stepH: usize, stepW: usize): void {
  let most = splat(-Infinity)
  let d = x
  for (let i = 0; i < tapsD; i++) {
    let h = d
    for (let j = 0; j < tapsH; j++) {
      let w = h
      for (let k = 0; k < tapsW; k++) {
        most = greater(most, get(w, four))
        w += stepW
      }
      h += stepH
    }
    d += stepD
  }
  // Lanes that still wait for their place.
  let left = i32x4.splat(-1)
  const g = get(dy, four)
  const toDx = dx - x
  d = x
  for (let i = 0; i < tapsD; i++) {
    let h = d
    for (let j = 0; j < tapsH; j++) {
      let w = h
      for (let k = 0; k < tapsW; k++) {
        const v = get(w, four)
        // NaN is the maximum where there is one.
        const here = v128.and(left, v128.or(f32x4.eq(v, most), f32x4.ne(v, v)))
        left = v128.andnot(left, here)
        put(w + toDx, f32x4.add(get(w + toDx, four), v128.and(g, here)), four)
        w += stepW
      }
      h += stepH
    }
    d += stepD
  }
}

/** dY / divisor to every place of the window. */
function spread(dy: usize, dx: usize, four: bool, tapsD: i32, tapsH: i32, tapsW: i32, stepD: usize, stepH: usize, stepW: usize, divisor: f32): void {
  const g = f32x4.div(get(dy, four), splat(divisor))
  let d = dx
  for (let i = 0; i < tapsD; i++) {
    let h = d
    for (let j = 0; j < tapsH; j++) {
      let w = h
      for (let k = 0; k < tapsW; k++) {
        put(w, f32x4.add(get(w, four), g), four)
        w += stepW
      }
      h += stepH
    }
    d += stepD
  }
}
