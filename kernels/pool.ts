// Pooling over windows, NHWC (NDHWC): every output pixel is the maximum or the mean of the pixels that its window meets.

import { splat } from './math'
import { shareStart } from './sync'

/**
 * Arguments: x, y (addresses), average (0 maximum, 1 mean), batch, inD, inH, inW, channels, outD, outH, outW, stepD, stepH, stepW (from one
 * tap to the next, in elements: dilation · stride of the axis), table: for each output along D, then along H, then along W three i32: the
 * input index of its first tap inside the image, the number of taps inside, and its factor of the mean's divisor.
 */
export function poolF32(args: usize, thread: i32, threads: i32): void {
  const x = <usize>load<i32>(args, 0)
  const y = <usize>load<i32>(args, 4)
  const average = load<i32>(args, 8) != 0
  const batch = load<i32>(args, 12)
  const inD = load<i32>(args, 16)
  const inH = load<i32>(args, 20)
  const inW = load<i32>(args, 24)
  const channels = load<i32>(args, 28)
  const outD = load<i32>(args, 32)
  const outH = load<i32>(args, 36)
  const outW = load<i32>(args, 40)
  const stepD: usize = 4 * <usize>load<i32>(args, 44)
  const stepH: usize = 4 * <usize>load<i32>(args, 48)
  const stepW: usize = 4 * <usize>load<i32>(args, 52)
  const tableD = <usize>load<i32>(args, 56)
  const tableH = tableD + 12 * <usize>outD
  const tableW = tableH + 12 * <usize>outH
  const pixel: usize = 4 * <usize>channels
  // Shares are rows of the output, or parts of every one where there are few.
  const rows = batch * outD * outH
  const byRows = rows >= 8 * threads
  const first = byRows ? shareStart(rows, 1, thread, threads) : 0
  const last = byRows ? shareStart(rows, 1, thread + 1, threads) : rows
  const from = byRows ? 0 : shareStart(outW, 1, thread, threads)
  const to = byRows ? outW : shareStart(outW, 1, thread + 1, threads)
  for (let row = first; row < last; row++) {
    const oh = row % outH
    const nd = row / outH
    const entryD = tableD + 12 * <usize>(nd % outD)
    const entryH = tableH + 12 * <usize>oh
    const n = nd / outD
    const tapsD = load<i32>(entryD, 4)
    const tapsH = load<i32>(entryH, 4)
    const xRow: usize = x + pixel * (((<usize>n * inD + load<i32>(entryD)) * inH + load<i32>(entryH)) * inW)
    const divisor = load<i32>(entryD, 8) * load<i32>(entryH, 8)
    let yp: usize = y + pixel * (<usize>row * outW + from)
    for (let ow = from; ow < to; ow++) {
      const entryW = tableW + 12 * <usize>ow
      const tapsW = load<i32>(entryW, 4)
      const xp: usize = xRow + pixel * <usize>load<i32>(entryW)
      if (average) meanPixel(xp, yp, channels, tapsD, tapsH, tapsW, stepD, stepH, stepW, <f32>(divisor * load<i32>(entryW, 8)))
      else maxPixel(xp, yp, channels, tapsD, tapsH, tapsW, stepD, stepH, stepW)
      yp += pixel
    }
  }
}

function maxPixel(x: usize, y: usize, channels: i32, tapsD: i32, tapsH: i32, tapsW: i32, stepD: usize, stepH: usize, stepW: usize): void {
  const none = splat(-Infinity)
  let c = channels
  for (; c >= 16; c -= 16) {
    let m0 = none
    let m1 = none
    let m2 = none
    let m3 = none
    let d = x
    for (let i = 0; i < tapsD; i++) {
      let h = d
      for (let j = 0; j < tapsH; j++) {
        let w = h
        for (let k = 0; k < tapsW; k++) {
          m0 = f32x4.pmax(m0, v128.load(w))
          m1 = f32x4.pmax(m1, v128.load(w, 16))
          m2 = f32x4.pmax(m2, v128.load(w, 32))
          m3 = f32x4.pmax(m3, v128.load(w, 48))
          w += stepW
        }
        h += stepH
      }
      d += stepD
    }
    v128.store(y, m0)
    v128.store(y, m1, 16)
    v128.store(y, m2, 32)
    v128.store(y, m3, 48)
    x += 64
    y += 64
  }
  for (; c > 0; c -= 4) {
    let m = none
    let d = x
    for (let i = 0; i < tapsD; i++) {
      let h = d
      for (let j = 0; j < tapsH; j++) {
        let w = h
        for (let k = 0; k < tapsW; k++) {
          m = f32x4.pmax(m, c >= 4 ? v128.load(w) : v128.load32_zero(w))
          w += stepW
        }
        h += stepH
      }
      d += stepD
    }
    if (c >= 4) {
      v128.store(y, m)
      x += 16
      y += 16
    } else {
      v128.store32_lane(y, m, 0)
      x += 4
      y += 4
      c += 3
    }
  }
}

function meanPixel(x: usize, y: usize, channels: i32, tapsD: i32, tapsH: i32, tapsW: i32, stepD: usize, stepH: usize, stepW: usize, divisor: f32): void {
  const by = splat(divisor)
  let c = channels
  for (; c >= 16; c -= 16) {
    let s0 = splat(0)
    let s1 = splat(0)
    let s2 = splat(0)
    let s3 = splat(0)
    let d = x
    for (let i = 0; i < tapsD; i++) {
      let h = d
      for (let j = 0; j < tapsH; j++) {
        let w = h
        for (let k = 0; k < tapsW; k++) {
          s0 = f32x4.add(s0, v128.load(w))
          s1 = f32x4.add(s1, v128.load(w, 16))
          s2 = f32x4.add(s2, v128.load(w, 32))
          s3 = f32x4.add(s3, v128.load(w, 48))
          w += stepW
        }
        h += stepH
      }
      d += stepD
    }
    v128.store(y, f32x4.div(s0, by))
    v128.store(y, f32x4.div(s1, by), 16)
    v128.store(y, f32x4.div(s2, by), 32)
    v128.store(y, f32x4.div(s3, by), 48)
    x += 64
    y += 64
  }
  for (; c > 0; c -= 4) {
    let s = splat(0)
    let d = x
    for (let i = 0; i < tapsD; i++) {
      let h = d
      for (let j = 0; j < tapsH; j++) {
        let w = h
        for (let k = 0; k < tapsW; k++) {
          s = f32x4.add(s, c >= 4 ? v128.load(w) : v128.load32_zero(w))
          w += stepW
        }
        h += stepH
      }
      d += stepD
    }
    s = f32x4.div(s, by)
    if (c >= 4) {
      v128.store(y, s)
      x += 16
      y += 16
    } else {
      v128.store32_lane(y, s, 0)
      x += 4
      y += 4
      c += 3
    }
  }
}
