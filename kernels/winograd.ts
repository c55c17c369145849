// Float32 convolution, 3×3 with stride 1, by Winograd's F(2×2, 3×3): 16 products for 4 outputs of a channel instead of 36 (Lavin and Gray, "Fast
// Algorithms for Convolutional Neural Networks", 2016, arXiv:1509.09308). Of each 2×2 tile of outputs, d the 4×4 pixels under it and g the filter:
//
//   Y = Aᵀ [ Σ_c (G g Gᵀ) ⊙ (Bᵀ d B) ] A
//
//   Bᵀ = 1  0 −1  0     G = 1   0   0     Aᵀ = 1  1  1  0
//        0  1  1  0         ½   ½   ½          0  1 −1 −1
//        0 −1  1  0         ½  −½   ½
//        0  1  0 −1         0   0   1
//
// A block of tiles at a time: its transformed pixels [16][tile][channel]; then for each panel of 8 output channels 16 matrix products, and their
// results back into pixels. All this stays in the thread's scratch memory. Every tile is computed by itself, so shares of threads do not show.

import { oneOf } from './pack'
import { clamp, madd } from './simd'
import { pieceEnd, shareStart, takePiece } from './sync'
import { PackWinogradF32, panelWidth, WinogradF32, winogradGap, winogradProducts } from './table.generated'

// Fewer in a piece of work would read all weights too often.
const leastTiles: i32 = 8

export function winogradF32(args: WinogradF32, thread: i32, threads: i32): void {
  const most = args.scratchThreads
  if (threads > most) threads = most
  if (thread >= threads) return

  const inChannels = args.inChannels
  const outChannels = args.outChannels
  const outHeight = args.outHeight
  const outWidth = args.outWidth
  const padTop = args.padTop
  const padLeft = args.padLeft
  const blockTiles = args.blockTiles
  const yPixel = args.yPixel
  const lo = f32x4.splat(args.lo)
  const hi = f32x4.splat(args.hi)
  const pixels = args.scratch + <usize>args.scratchBytes * thread
  const pixelsStep = stepOf(blockTiles * inChannels)
  const products = pixels + winogradProducts * pixelsStep
  const productsStep = stepOf(panelWidth * blockTiles)
  const patch = products + winogradProducts * productsStep
  const residual = args.residual
  const residualOffset = <usize>(residual - args.y)
  const panelBytes = 4 * <usize>(panelWidth * (1 + winogradProducts * inChannels))

  const wide = (outWidth + 1) / 2
  const high = (outHeight + 1) / 2
  const tiles = args.batch * high * wide
  for (;;) {
    const first = takePiece(tiles, 4, min(blockTiles, leastTiles), blockTiles, thread, threads)
    if (first < 0) return
    const count = pieceEnd - first
    let image = first / (high * wide)
    let ty = (first / wide) % high
    let tx = first % wide
    for (let i = 0; i < count; i++) {
      transformPixels(
        args.x,
        image,
        2 * ty - padTop,
        2 * tx - padLeft,
        args.inHeight,
        args.inWidth,
        inChannels,
        4 * <usize>args.xPixel,
        patch,
        pixels + 4 * <usize>(i * inChannels),
        pixelsStep,
      )
      if (++tx === wide) {
        tx = 0
        if (++ty === high) {
          ty = 0
          image++
        }
      }
    }
    let panel = args.weights
    for (let column = 0; column < outChannels; column += panelWidth) {
      for (let e = 0; e < winogradProducts; e++)
        multiply(
          pixels + pixelsStep * e,
          4 * <usize>inChannels,
          (count + 3) / 4,
          inChannels,
          panel + 4 * <usize>(panelWidth * (1 + e * inChannels)),
          products + productsStep * e,
        )
      image = first / (high * wide)
      ty = (first / wide) % high
      tx = first % wide
      const halves = min(2, (outChannels - column) / 4)
      for (let i = 0; i < count; i++) {
        const y = args.y + 4 * <usize>(((image * outHeight + 2 * ty) * outWidth + 2 * tx) * yPixel + column)
        const hasRight = 2 * tx + 1 < outWidth
        const hasBelow = 2 * ty + 1 < outHeight
        for (let half: usize = 0; half < <usize>halves; half++)
          putTile(
            products + 32 * <usize>i + 16 * half,
            productsStep,
            v128.load(panel + 16 * half),
            y + 16 * half,
            4 * <usize>yPixel,
            4 * <usize>(outWidth * yPixel),
            hasRight,
            hasBelow,
            residual !== 0,
            residualOffset,
            lo,
            hi,
          )
        if (++tx === wide) {
          tx = 0
          if (++ty === high) {
            ty = 0
            image++
          }
        }
      }
      panel += panelBytes
    }
  }
}

/** Bytes from one of the matrices to the next. */
// @inline
export function stepOf(floats: i32): usize {
  return 4 * <usize>floats + winogradGap
}

/**
 * Bᵀ d B of the 4×4 pixels from (iy, ix), zeros outside of the image, to `to` [16][…][channels] with `step` bytes between the 16.
 * @param channels a multiple of 4 @param pixel bytes from one pixel of x to the next @param patch room for 16 pixels
 */
// biome-ignore format: what is done side by side stands side by side
export function transformPixels(
  x: usize, image: i32, iy: i32, ix: i32, height: i32, width: i32, channels: i32, pixel: usize,
  patch: usize, to: usize, step: usize,
): void {
  let from = x + pixel * <usize>((image * height + iy) * width + ix)
  let row = pixel * <usize>width
  if (iy < 0 || ix < 0 || iy + 4 > height || ix + 4 > width) {
    const bytes = 4 * <usize>channels
    copyPatch(patch, x, image, iy, ix, 4, height, width, pixel, bytes, 0)
    from = patch
    pixel = bytes
    row = 4 * pixel
  }
  for (let c = channels; c > 0; c -= 4) {
    const row1 = from + row, row2 = row1 + row, row3 = row2 + row
    const b0 = v128.load(from + 2 * pixel), b1 = v128.load(row1 + 2 * pixel), b2 = v128.load(row2 + 2 * pixel), b3 = v128.load(row3 + 2 * pixel)
    const t02 = f32x4.sub(b0, b2), t12 = f32x4.add(b1, b2), t22 = f32x4.sub(b2, b1), t32 = f32x4.sub(b1, b3)
    const a0 = v128.load(from), a1 = v128.load(row1), a2 = v128.load(row2), a3 = v128.load(row3)
    v128.store(to, f32x4.sub(f32x4.sub(a0, a2), t02))
    v128.store(to + 4 * step, f32x4.sub(f32x4.add(a1, a2), t12))
    v128.store(to + 8 * step, f32x4.sub(f32x4.sub(a2, a1), t22))
    v128.store(to + 12 * step, f32x4.sub(f32x4.sub(a1, a3), t32))
    const c0 = v128.load(from + pixel), c1 = v128.load(row1 + pixel), c2 = v128.load(row2 + pixel), c3 = v128.load(row3 + pixel)
    const t01 = f32x4.sub(c0, c2), t11 = f32x4.add(c1, c2), t21 = f32x4.sub(c2, c1), t31 = f32x4.sub(c1, c3)
    v128.store(to + step, f32x4.add(t01, t02)); v128.store(to + 2 * step, f32x4.sub(t02, t01))
    v128.store(to + 5 * step, f32x4.add(t11, t12)); v128.store(to + 6 * step, f32x4.sub(t12, t11))
    v128.store(to + 9 * step, f32x4.add(t21, t22)); v128.store(to + 10 * step, f32x4.sub(t22, t21))
    v128.store(to + 13 * step, f32x4.add(t31, t32)); v128.store(to + 14 * step, f32x4.sub(t32, t31))
    const d0 = v128.load(from + 3 * pixel), d1 = v128.load(row1 + 3 * pixel), d2 = v128.load(row2 + 3 * pixel), d3 = v128.load(row3 + 3 * pixel)
    v128.store(to + 3 * step, f32x4.sub(t01, f32x4.sub(d0, d2)))
    v128.store(to + 7 * step, f32x4.sub(t11, f32x4.add(d1, d2)))
    v128.store(to + 11 * step, f32x4.sub(t21, f32x4.sub(d2, d1)))
    v128.store(to + 15 * step, f32x4.sub(t31, f32x4.sub(d1, d3)))
    from += 16
    to += 16
  }
}

/**
 * `bytes` each of size × size pixels from (iy, ix).
 * @param pixel bytes from one pixel of x to the next @param border each byte outside of the image
 */
// biome-ignore format: what belongs together stands together
export function copyPatch(
  patch: usize, x: usize, image: i32, iy: i32, ix: i32, size: i32, height: i32, width: i32, pixel: usize, bytes: usize, border: u8,
): void {
  memory.fill(patch, border, bytes * <usize>(size * size))
  const left = max(0, -ix)
  const count = min(size, width - ix) - left
  if (count <= 0) return
  for (let r = max(0, -iy); r < min(size, height - iy); r++)
    for (let c = 0; c < count; c++)
      memory.copy(patch + bytes * <usize>(r * size + left + c), x + pixel * <usize>((image * height + iy + r) * width + ix + left + c), bytes)
}

/** m [tile][8] = v [tile][channel] · u [channel][8], four tiles a turn. */
// biome-ignore format: what is done side by side stands side by side
function multiply(v: usize, row: usize, quads: i32, channels: i32, u: usize, m: usize): void {
  for (; quads > 0; quads--) {
    let a0 = v, a1 = v + row, a2 = a1 + row, a3 = a2 + row
    v = a3 + row
    let w = u
    let c00 = f32x4.splat(0), c01 = c00
    let c10 = c00, c11 = c00
    let c20 = c00, c21 = c00
    let c30 = c00, c31 = c00
    for (let k = channels; k > 0; k--) {
      const w0 = v128.load(w), w1 = v128.load(w, 16)
      const x0 = v128.load32_splat(a0)
      c00 = madd(x0, w0, c00); c01 = madd(x0, w1, c01)
      const x1 = v128.load32_splat(a1)
      c10 = madd(x1, w0, c10); c11 = madd(x1, w1, c11)
      const x2 = v128.load32_splat(a2)
      c20 = madd(x2, w0, c20); c21 = madd(x2, w1, c21)
      const x3 = v128.load32_splat(a3)
      c30 = madd(x3, w0, c30); c31 = madd(x3, w1, c31)
      a0 += 4; a1 += 4; a2 += 4; a3 += 4
      w += 32
    }
    v128.store(m, c00); v128.store(m, c01, 16)
    v128.store(m, c10, 32); v128.store(m, c11, 48)
    v128.store(m, c20, 64); v128.store(m, c21, 80)
    v128.store(m, c30, 96); v128.store(m, c31, 112)
    m += 128
  }
}

/** Aᵀ m A + bias + residual, clamped, of 4 channels, into up to 2×2 pixels. */
function putTile(
  m: usize,
  step: usize,
  bias: v128,
  y: usize,
  pixel: usize,
  row: usize,
  hasRight: bool,
  hasBelow: bool,
  hasResidual: bool,
  residualOffset: usize,
  lo: v128,
  hi: v128,
): void {
  const a0 = v128.load(m)
  const a1 = v128.load(m + 4 * step)
  const a2 = v128.load(m + 8 * step)
  const a3 = v128.load(m + 12 * step)
  let y00 = f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, bias))
  let y10 = f32x4.add(f32x4.sub(f32x4.sub(a1, a2), a3), bias)
  const b0 = v128.load(m + step)
  const b1 = v128.load(m + 5 * step)
  const b2 = v128.load(m + 9 * step)
  const b3 = v128.load(m + 13 * step)
  const s01 = f32x4.add(f32x4.add(b0, b1), b2)
  const s11 = f32x4.sub(f32x4.sub(b1, b2), b3)
  const c0 = v128.load(m + 2 * step)
  const c1 = v128.load(m + 6 * step)
  const c2 = v128.load(m + 10 * step)
  const c3 = v128.load(m + 14 * step)
  const s02 = f32x4.add(f32x4.add(c0, c1), c2)
  const s12 = f32x4.sub(f32x4.sub(c1, c2), c3)
  y00 = f32x4.add(y00, f32x4.add(s01, s02))
  y10 = f32x4.add(y10, f32x4.add(s11, s12))
  if (hasResidual) y00 = f32x4.add(y00, v128.load(y + residualOffset))
  v128.store(y, clamp(y00, lo, hi))
  if (hasBelow) {
    if (hasResidual) y10 = f32x4.add(y10, v128.load(y + row + residualOffset))
    v128.store(y + row, clamp(y10, lo, hi))
  }
  if (!hasRight) return
  const d0 = v128.load(m + 3 * step)
  const d1 = v128.load(m + 7 * step)
  const d2 = v128.load(m + 11 * step)
  const d3 = v128.load(m + 15 * step)
  y += pixel
  let y01 = f32x4.add(f32x4.sub(f32x4.sub(s01, s02), f32x4.add(f32x4.add(d0, d1), d2)), bias)
  if (hasResidual) y01 = f32x4.add(y01, v128.load(y + residualOffset))
  v128.store(y, clamp(y01, lo, hi))
  if (!hasBelow) return
  y += row
  let y11 = f32x4.add(f32x4.sub(f32x4.sub(s11, s12), f32x4.sub(f32x4.sub(d1, d2), d3)), bias)
  if (hasResidual) y11 = f32x4.add(y11, v128.load(y + residualOffset))
  v128.store(y, clamp(y11, lo, hi))
}

/** 8 biases, then G g Gᵀ as [16][channel][8]; zeros beyond the last channel. */
export function packWinogradF32(args: PackWinogradF32, thread: i32, threads: i32): void {
  const w = args.w
  const packed = args.packed
  const bias = args.bias
  const scale = args.scale
  const biasScale = args.biasScale
  const shift = args.shift
  const outChannels = args.outChannels
  const inChannels = args.inChannels
  const outStep = args.outStep
  const inStep = args.inStep
  const firstTap = args.firstTap
  const tapStep = 4 * <usize>args.tapStep
  const step = 4 * <usize>(panelWidth * inChannels)
  const panels = (outChannels + panelWidth - 1) / panelWidth
  const end = shareStart(panelWidth * panels, 1, thread + 1, threads)
  for (let o = shareStart(panelWidth * panels, 1, thread, threads); o < end; o++) {
    const head = packed + (4 * panelWidth + winogradProducts * step) * <usize>(o / panelWidth) + 4 * <usize>(o % panelWidth)
    const exists = o < outChannels
    store<f32>(head, exists ? oneOf(bias, o, 0) * oneOf(biasScale, o, 1) + oneOf(shift, o, 0) : 0)
    const factor = exists ? oneOf(scale, o, 1) : 0
    for (let c = 0; c < inChannels; c++) {
      let from = exists ? w + 4 * <usize>(o * outStep + c * inStep + firstTap) : w + 4 * <usize>firstTap
      let to = head + 4 * <usize>(panelWidth * (1 + c))
      // G g: rows of the filter become four.
      let u00: f32 = 0
      let u01: f32 = 0
      let u02: f32 = 0
      let u10: f32 = 0
      let u11: f32 = 0
      let u12: f32 = 0
      let u20: f32 = 0
      let u21: f32 = 0
      let u22: f32 = 0
      u00 = load<f32>(from) * factor
      from += tapStep
      u01 = load<f32>(from) * factor
      from += tapStep
      u02 = load<f32>(from) * factor
      from += tapStep
      u10 = load<f32>(from) * factor
      from += tapStep
      u11 = load<f32>(from) * factor
      from += tapStep
      u12 = load<f32>(from) * factor
      from += tapStep
      u20 = load<f32>(from) * factor
      from += tapStep
      u21 = load<f32>(from) * factor
      from += tapStep
      u22 = load<f32>(from) * factor
      putFilterRow(to, step, u00, u01, u02)
      to += 4 * step
      const e0 = u00 + u20
      const e1 = u01 + u21
      const e2 = u02 + u22
      putFilterRow(to, step, 0.5 * (e0 + u10), 0.5 * (e1 + u11), 0.5 * (e2 + u12))
      to += 4 * step
      putFilterRow(to, step, 0.5 * (e0 - u10), 0.5 * (e1 - u11), 0.5 * (e2 - u12))
      putFilterRow(to + 4 * step, step, u20, u21, u22)
    }
  }
}

/** A row of G g, times Gᵀ. */
// @inline
function putFilterRow(to: usize, step: usize, a: f32, b: f32, c: f32): void {
  store<f32>(to, a)
  store<f32>(to + step, 0.5 * (a + c + b))
  store<f32>(to + 2 * step, 0.5 * (a + c - b))
  store<f32>(to + 3 * step, c)
}
