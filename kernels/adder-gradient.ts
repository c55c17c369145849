// Gradients of adder convolution that are no matrix products, NHWC.
//
//     dX[q, c] = Σ_{o, (p,t): p·stride + t·dilation − pad = q} dY[p, o] · f(W[o, c, t] − X[q, c])       f: clip to [−1, 1], identity, sign
//     dW[o, c, t] = Σ_p dY[p, o] · sgn(X[p·stride + t·dilation − pad, c] − W[o, c, t])
//
// The clip runs without a comparison of floats: with the shift s = max(0, −min w), x' = x + s and w' = w + s ≥ 0,
//
//     clip(w − x, −1, 1) = min(max(w', x' − 1), x' + 1) − x'
//
// where x' − 1 and x' + 1 do not change while a pixel goes over all filters and taps: they stay in registers, and what is subtracted is taken out of
// the sum, x'·Σ dY. As w' ≥ 0, the maximum of the bits as signed integers is that of the floats, whatever the sign of x' − 1, and is not negative;
// so the minimum is right as well. Integer maxima and minima run on every vector unit, those of floats share two with the additions (see
// kernels/adder-f32.ts). A term is maximum, minimum, multiplication and addition. Two filters a turn have sums of their own: an addition waits for
// the one before.

import { loadSome, madd, storeSome } from './simd'
import { pieceEnd, shareStart, takePiece } from './sync'
import { AdderInputGradientF32, AdderSignGradientF32, adderEntryBytes, Difference, panelWidth } from './table.generated'

// Fewer in a piece of work would read all weights too often.
const leastPixels: i32 = 16

export function adderInputGradientF32(args: AdderInputGradientF32, thread: i32, threads: i32): void {
  const most = args.scratchThreads
  if (threads > most) threads = most
  if (thread >= threads) return
  const table = args.scratch + <usize>args.scratchBytes * thread
  const taps = args.kernelHeight * args.kernelWidth
  const groups = args.groups
  const inChannels = args.inChannels
  const channels = inChannels / groups
  const columns = args.outChannels / groups
  const panelsOfGroup = (channels + panelWidth - 1) / panelWidth
  const panelBytes = 4 * <usize>(panelWidth * (1 + taps * columns))
  const x = args.x
  const dx = args.dx
  const weights = args.weights
  const shiftAt = args.shiftAt
  const shift = f32x4.splat(shiftAt ? load<f32>(shiftAt) : 0)
  const difference = args.difference
  const pixels = args.batch * args.inHeight * args.inWidth
  const pixelBytes = 4 * <usize>inChannels
  const blockPixels = args.blockPixels
  for (;;) {
    const pixel = takePiece(pixels, 1, min(blockPixels, leastPixels), blockPixels, thread, threads)
    if (pixel < 0) return
    const count = pieceEnd - pixel
    writeTable(args, table, pixel, count, taps)
    for (let group = 0; group < groups; group++)
      for (let panel = 0; panel < panelsOfGroup; panel++) {
        const offset = pixelBytes * <usize>pixel + 4 * <usize>(group * channels + panelWidth * panel)
        const packed = weights + panelBytes * <usize>(group * panelsOfGroup + panel) + 4 * panelWidth
        const rest = channels - panelWidth * panel
        const dyOffset = 4 * <usize>(group * columns)
        // biome-ignore format: a table
        switch (difference) {
          case Difference.clip: clipPanel(x + offset, dx + offset, pixelBytes, count, table, taps, packed, columns, dyOffset, 4 * <usize>group, shift, rest); break
          case Difference.full: panelOf(Difference.full, x + offset, dx + offset, pixelBytes, count, table, taps, packed, columns, dyOffset, rest); break
          case Difference.sign: panelOf(Difference.sign, x + offset, dx + offset, pixelBytes, count, table, taps, packed, columns, dyOffset, rest); break
        }
      }
  }
}

/**
 * For each input pixel of a block: how many taps meet an output pixel there, then for each of them where its weights begin (bytes), where that
 * output's gradient and where its sums lie (addresses). Every pixel has room for all taps.
 */
function writeTable(args: AdderInputGradientF32, table: usize, pixel: i32, count: i32, taps: i32): void {
  const inHeight = args.inHeight
  const inWidth = args.inWidth
  const outHeight = args.outHeight
  const outWidth = args.outWidth
  const kernelHeight = args.kernelHeight
  const kernelWidth = args.kernelWidth
  const strideHeight = args.strideHeight
  const strideWidth = args.strideWidth
  const dilationHeight = args.dilationHeight
  const dilationWidth = args.dilationWidth
  const padTop = args.padTop
  const padLeft = args.padLeft
  const outChannels = args.outChannels
  const tapBytes = 4 * panelWidth * (outChannels / args.groups)
  const outBytes = 4 * outChannels
  const dy = args.dy
  const sums = args.sums
  const sumBytes = 4 * args.groups
  let ix = pixel % inWidth
  let iy = (pixel / inWidth) % inHeight
  let image = pixel / (inWidth * inHeight)
  for (let i = 0; i < count; i++) {
    let entry = table + adderEntryBytes
    for (let ky = 0; ky < kernelHeight; ky++) {
      const fromTop = iy + padTop - ky * dilationHeight
      const oy = fromTop / strideHeight
      if (fromTop < 0 || oy >= outHeight || oy * strideHeight !== fromTop) continue
      const row = (image * outHeight + oy) * outWidth
      for (let kx = 0; kx < kernelWidth; kx++) {
        const fromLeft = ix + padLeft - kx * dilationWidth
        const ox = fromLeft / strideWidth
        if (fromLeft < 0 || ox >= outWidth || ox * strideWidth !== fromLeft) continue
        store<i32>(entry, (ky * kernelWidth + kx) * tapBytes)
        store<i32>(entry, dy + (row + ox) * outBytes, 4)
        store<i32>(entry, sums + (row + ox) * sumBytes, 8)
        entry += adderEntryBytes
      }
    }
    store<i32>(table, <i32>((entry - table) / adderEntryBytes) - 1)
    table += adderEntryBytes * <usize>(1 + taps)
    if (++ix === inWidth) {
      ix = 0
      if (++iy === inHeight) {
        iy = 0
        image++
      }
    }
  }
}

/** A term of Σ dY·(clip(w − x) + x). */
// @inline
function plusClipped(sum: v128, g: v128, w: v128, lo: v128, hi: v128): v128 {
  return madd(g, i32x4.min_s(i32x4.max_s(w, lo), hi), sum)
}

/** 8 input channels of `count` pixels. */
function clipPanel(
  x: usize,
  dx: usize,
  pixelBytes: usize,
  count: i32,
  table: usize,
  taps: i32,
  packed: usize,
  columns: i32,
  dyOffset: usize,
  sumOffset: usize,
  shift: v128,
  rest: i32,
): void {
  const one = f32x4.splat(1)
  for (; count > 0; count--) {
    const x0 = f32x4.add(rest >= 8 ? v128.load(x) : loadSome(x, rest), shift)
    const x1 = f32x4.add(rest >= 8 ? v128.load(x, 16) : loadSome(x + 16, rest - 4), shift)
    const lo0 = f32x4.sub(x0, one)
    const hi0 = f32x4.add(x0, one)
    const lo1 = f32x4.sub(x1, one)
    const hi1 = f32x4.add(x1, one)
    let s0 = f32x4.splat(0)
    let s1 = s0
    let r0 = s0
    let r1 = s0
    let sum: f32 = 0
    let entry = table
    for (let t = load<i32>(table); t > 0; t--) {
      entry += adderEntryBytes
      let w = packed + <usize>load<i32>(entry)
      let g = <usize>load<i32>(entry, 4) + dyOffset
      sum += load<f32>(<usize>load<i32>(entry, 8) + sumOffset)
      for (let o = columns >> 1; o > 0; o--) {
        const v = v128.load32_splat(g)
        s0 = plusClipped(s0, v, v128.load(w), lo0, hi0)
        s1 = plusClipped(s1, v, v128.load(w, 16), lo1, hi1)
        const u = v128.load32_splat(g, 4)
        r0 = plusClipped(r0, u, v128.load(w, 32), lo0, hi0)
        r1 = plusClipped(r1, u, v128.load(w, 48), lo1, hi1)
        g += 8
        w += 64
      }
      if (columns & 1) {
        const v = v128.load32_splat(g)
        s0 = plusClipped(s0, v, v128.load(w), lo0, hi0)
        s1 = plusClipped(s1, v, v128.load(w, 16), lo1, hi1)
      }
    }
    const all = f32x4.splat(sum)
    s0 = f32x4.sub(f32x4.add(s0, r0), f32x4.mul(x0, all))
    s1 = f32x4.sub(f32x4.add(s1, r1), f32x4.mul(x1, all))
    if (rest >= 8) {
      v128.store(dx, s0)
      v128.store(dx, s1, 16)
    } else {
      storeSome(dx, s0, rest)
      storeSome(dx + 16, s1, rest - 4)
    }
    table += adderEntryBytes * <usize>(1 + taps)
    x += pixelBytes
    dx += pixelBytes
  }
}

/** dY·(w − x), or by the sign: ±dY by that of the difference; nothing where it is 0. */
// @inline
function plusTerm(f: i32, sum: v128, g: v128, w: v128, x: v128): v128 {
  const d = f32x4.sub(w, x)
  if (f === Difference.full) return madd(g, d, sum)
  const signed = v128.xor(g, v128.and(d, i32x4.splat(<i32>0x80000000)))
  return f32x4.add(sum, v128.and(signed, f32x4.ne(d, f32x4.splat(0))))
}

/** 8 input channels of `count` pixels. */
// @inline
function panelOf(
  f: i32,
  x: usize,
  dx: usize,
  pixelBytes: usize,
  count: i32,
  table: usize,
  taps: i32,
  packed: usize,
  columns: i32,
  dyOffset: usize,
  rest: i32,
): void {
  for (; count > 0; count--) {
    const x0 = rest >= 8 ? v128.load(x) : loadSome(x, rest)
    const x1 = rest >= 8 ? v128.load(x, 16) : loadSome(x + 16, rest - 4)
    let s0 = f32x4.splat(0)
    let s1 = s0
    let entry = table
    for (let t = load<i32>(table); t > 0; t--) {
      entry += adderEntryBytes
      let w = packed + <usize>load<i32>(entry)
      let g = <usize>load<i32>(entry, 4) + dyOffset
      for (let o = columns; o > 0; o--) {
        const v = v128.load32_splat(g)
        s0 = plusTerm(f, s0, v, v128.load(w), x0)
        s1 = plusTerm(f, s1, v, v128.load(w, 16), x1)
        g += 4
        w += 32
      }
    }
    if (rest >= 8) {
      v128.store(dx, s0)
      v128.store(dx, s1, 16)
    } else {
      storeSome(dx, s0, rest)
      storeSome(dx + 16, s1, rest - 4)
    }
    table += adderEntryBytes * <usize>(1 + taps)
    x += pixelBytes
    dx += pixelBytes
  }
}

/** Threads share filters' taps. */
export function adderSignGradientF32(args: AdderSignGradientF32, thread: i32, threads: i32): void {
  const x = args.x
  const dy = args.dy
  const w = args.w
  const dw = args.dw
  const batch = args.batch
  const inHeight = args.inHeight
  const inWidth = args.inWidth
  const inChannels = args.inChannels
  const outHeight = args.outHeight
  const outWidth = args.outWidth
  const outChannels = args.outChannels
  const kernelHeight = args.kernelHeight
  const kernelWidth = args.kernelWidth
  const strideHeight = args.strideHeight
  const strideWidth = args.strideWidth
  const dilationHeight = args.dilationHeight
  const dilationWidth = args.dilationWidth
  const groups = args.groups
  const channels = inChannels / groups
  const columns = outChannels / groups
  const taps = kernelHeight * kernelWidth
  const pixelBytes = 4 * <usize>inChannels
  const zero = f32x4.splat(0)
  const signs = i32x4.splat(<i32>0x80000000)
  const end = shareStart(outChannels * taps, 1, thread + 1, threads)
  for (let i = shareStart(outChannels * taps, 1, thread, threads); i < end; i++) {
    const o = i / taps
    const tap = i - o * taps
    const ky = tap / kernelWidth
    const kx = tap - ky * kernelWidth
    for (let c = 0; c < channels; c += 4) {
      const lanes = min(4, channels - c)
      const place = 4 * <usize>((o * channels + c) * taps + tap)
      const step = 4 * <usize>taps
      let own = v128.load32_zero(w + place)
      if (lanes > 1) own = v128.load32_lane(w + place + step, own, 1)
      if (lanes > 2) own = v128.load32_lane(w + place + 2 * step, own, 2)
      if (lanes > 3) own = v128.load32_lane(w + place + 3 * step, own, 3)
      let sum = zero
      for (let row = 0; row < batch * outHeight; row++) {
        const image = row / outHeight
        const iy = (row - image * outHeight) * strideHeight + ky * dilationHeight
        let a = x + pixelBytes * <usize>((image * inHeight + iy) * inWidth + kx * dilationWidth) + 4 * <usize>((o / columns) * channels + c)
        let g = dy + 4 * <usize>(row * outWidth * outChannels + o)
        // A row's sums by themselves, so that no sum is long.
        let part = zero
        for (let k = outWidth; k > 0; k--) {
          const d = f32x4.sub(lanes === 4 ? v128.load(a) : loadSome(a, lanes), own)
          const signed = v128.xor(v128.load32_splat(g), v128.and(d, signs))
          part = f32x4.add(part, v128.and(signed, f32x4.ne(d, zero)))
          a += pixelBytes * strideWidth
          g += 4 * outChannels
        }
        sum = f32x4.add(sum, part)
      }
      const to = dw + place
      v128.store32_lane(to, sum, 0)
      if (lanes > 1) v128.store32_lane(to + step, sum, 1)
      if (lanes > 2) v128.store32_lane(to + 2 * step, sum, 2)
      if (lanes > 3) v128.store32_lane(to + 3 * step, sum, 3)
    }
  }
}
