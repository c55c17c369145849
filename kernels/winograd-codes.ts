// Convolution of codes, 3×3 with stride 1, by Winograd's F(2×2, 3×3), exactly: 16 products for 4 outputs of a channel instead of 36 (winograd.ts).
//
//     4·Y = Aᵀ [ Σ_c (2G g 2Gᵀ) ⊙ (Bᵀ d B) ] A
//
// is made of whole numbers: pixels less their zero point become words of at most 4·255, filters of at most 9·128, and sums of pairs of products fit into 32 bits.
// The factor 4 is taken off with the scale. So results are those of convI16 to the bit.

import { codesOf, putSome } from './codes'
import { pieceEnd, takePiece } from './sync'
import { codePanelHead, panelWidth, WinogradU8, winogradGap, winogradProducts } from './table.generated'
import { copyPatch } from './winograd'

// Fewer in a piece of work would read all weights too often.
const leastTiles: i32 = 8

export function winogradU8(args: WinogradU8, thread: i32, threads: i32): void {
  const most = args.scratchThreads
  if (threads > most) threads = most
  if (thread >= threads) return

  const inChannels = args.inChannels
  const outChannels = args.outChannels
  const outHeight = args.outHeight
  const outWidth = args.outWidth
  const blockTiles = args.blockTiles
  const pixels = args.scratch + <usize>args.scratchBytes * thread
  const pixelsStep = 2 * <usize>(blockTiles * inChannels) + winogradGap
  const products = pixels + winogradProducts * pixelsStep
  const productsStep = 4 * <usize>(panelWidth * blockTiles) + winogradGap
  const patch = products + winogradProducts * productsStep
  const row = 2 * <usize>inChannels
  const matrixBytes = <usize>(panelWidth * 2 * inChannels)
  const panelBytes = codePanelHead + winogradProducts * matrixBytes

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
      transformCodes(args, image, 2 * ty - args.padTop, 2 * tx - args.padLeft, patch, pixels + row * i, pixelsStep)
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
        multiply(pixels + pixelsStep * e, row, (count + 3) / 4, inChannels >> 1, panel + codePanelHead + matrixBytes * e, products + productsStep * e)
      image = first / (high * wide)
      ty = (first / wide) % high
      tx = first % wide
      for (let i = 0; i < count; i++) {
        const y = args.y + <usize>(((image * outHeight + 2 * ty) * outWidth + 2 * tx) * args.yPixel + column)
        putTile(args, products + 32 * <usize>i, productsStep, panel, y, 2 * tx + 1 < outWidth, 2 * ty + 1 < outHeight, outChannels - column)
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

/** Eight codes less their zero point. */
// @inline
function centred(at: usize, zero: v128): v128 {
  return i16x8.sub(v128.load8x8_u(at), zero)
}

/** Bᵀ d B of the 4×4 pixels from (iy, ix), to `to` [16][…][channels] with `step` bytes between the 16. Outside of the image is the zero point. */
// biome-ignore format: what is done side by side stands side by side
function transformCodes(args: WinogradU8, image: i32, iy: i32, ix: i32, patch: usize, to: usize, step: usize): void {
  const height = args.inHeight, width = args.inWidth, channels = args.inChannels
  let pixel = <usize>args.xPixel
  const zero = i16x8.splat(<i16>args.xZero)
  let from = args.x + pixel * <usize>((image * height + iy) * width + ix)
  let row = pixel * <usize>width
  if (iy < 0 || ix < 0 || iy + 4 > height || ix + 4 > width) {
    copyPatch(patch, args.x, image, iy, ix, 4, height, width, pixel, channels, <u8>args.xZero)
    from = patch
    pixel = channels
    row = 4 * pixel
  }
  for (let c = channels; c > 0; c -= 8) {
    const row1 = from + row, row2 = row1 + row, row3 = row2 + row
    const b0 = centred(from + 2 * pixel, zero), b1 = centred(row1 + 2 * pixel, zero), b2 = centred(row2 + 2 * pixel, zero), b3 = centred(row3 + 2 * pixel, zero)
    const t02 = i16x8.sub(b0, b2), t12 = i16x8.add(b1, b2), t22 = i16x8.sub(b2, b1), t32 = i16x8.sub(b1, b3)
    const a0 = centred(from, zero), a1 = centred(row1, zero), a2 = centred(row2, zero), a3 = centred(row3, zero)
    v128.store(to, i16x8.sub(i16x8.sub(a0, a2), t02))
    v128.store(to + 4 * step, i16x8.sub(i16x8.add(a1, a2), t12))
    v128.store(to + 8 * step, i16x8.sub(i16x8.sub(a2, a1), t22))
    v128.store(to + 12 * step, i16x8.sub(i16x8.sub(a1, a3), t32))
    const c0 = centred(from + pixel, zero), c1 = centred(row1 + pixel, zero), c2 = centred(row2 + pixel, zero), c3 = centred(row3 + pixel, zero)
    const t01 = i16x8.sub(c0, c2), t11 = i16x8.add(c1, c2), t21 = i16x8.sub(c2, c1), t31 = i16x8.sub(c1, c3)
    v128.store(to + step, i16x8.add(t01, t02)); v128.store(to + 2 * step, i16x8.sub(t02, t01))
    v128.store(to + 5 * step, i16x8.add(t11, t12)); v128.store(to + 6 * step, i16x8.sub(t12, t11))
    v128.store(to + 9 * step, i16x8.add(t21, t22)); v128.store(to + 10 * step, i16x8.sub(t22, t21))
    v128.store(to + 13 * step, i16x8.add(t31, t32)); v128.store(to + 14 * step, i16x8.sub(t32, t31))
    const d0 = centred(from + 3 * pixel, zero), d1 = centred(row1 + 3 * pixel, zero), d2 = centred(row2 + 3 * pixel, zero), d3 = centred(row3 + 3 * pixel, zero)
    v128.store(to + 3 * step, i16x8.sub(t01, i16x8.sub(d0, d2)))
    v128.store(to + 7 * step, i16x8.sub(t11, i16x8.add(d1, d2)))
    v128.store(to + 11 * step, i16x8.sub(t21, i16x8.sub(d2, d1)))
    v128.store(to + 15 * step, i16x8.sub(t31, i16x8.sub(d1, d3)))
    from += 8
    to += 16
  }
}

/** m [tile][8] = v [tile][channel] · u [channels / 2][8][2], four tiles a turn. */
// biome-ignore format: what is done side by side stands side by side
function multiply(v: usize, row: usize, quads: i32, pairs: i32, u: usize, m: usize): void {
  for (; quads > 0; quads--) {
    let a0 = v, a1 = v + row, a2 = a1 + row, a3 = a2 + row
    v = a3 + row
    let w = u
    let c00 = i32x4.splat(0), c01 = c00
    let c10 = c00, c11 = c00
    let c20 = c00, c21 = c00
    let c30 = c00, c31 = c00
    for (let k = pairs; k > 0; k--) {
      const w0 = v128.load(w), w1 = v128.load(w, 16)
      const x0 = v128.load32_splat(a0)
      c00 = i32x4.add(c00, i32x4.dot_i16x8_s(w0, x0)); c01 = i32x4.add(c01, i32x4.dot_i16x8_s(w1, x0))
      const x1 = v128.load32_splat(a1)
      c10 = i32x4.add(c10, i32x4.dot_i16x8_s(w0, x1)); c11 = i32x4.add(c11, i32x4.dot_i16x8_s(w1, x1))
      const x2 = v128.load32_splat(a2)
      c20 = i32x4.add(c20, i32x4.dot_i16x8_s(w0, x2)); c21 = i32x4.add(c21, i32x4.dot_i16x8_s(w1, x2))
      const x3 = v128.load32_splat(a3)
      c30 = i32x4.add(c30, i32x4.dot_i16x8_s(w0, x3)); c31 = i32x4.add(c31, i32x4.dot_i16x8_s(w1, x3))
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

/** A column of Aᵀ m: the sum of three, or below it their differences. */
// @inline
function ofLine(isBelow: bool, m: usize, step: usize): v128 {
  const middle = v128.load(m + 4 * step)
  const next = v128.load(m + 8 * step)
  if (isBelow) return i32x4.sub(i32x4.sub(middle, next), v128.load(m + 12 * step))
  return i32x4.add(i32x4.add(v128.load(m), middle), next)
}

/** Aᵀ m A of 8 channels, as codes into up to 2×2 pixels. */
function putTile(args: WinogradU8, m: usize, step: usize, panel: usize, y: usize, hasRight: bool, hasBelow: bool, columns: i32): void {
  putLine(args, false, m, step, panel, y, hasRight, columns)
  if (hasBelow) putLine(args, true, m, step, panel, y + <usize>(args.yPixel * args.outWidth), hasRight, columns)
}

/** One line of a tile: four channels beside the four others. */
// @inline
function putLine(args: WinogradU8, isBelow: bool, m: usize, step: usize, panel: usize, y: usize, hasRight: bool, columns: i32): void {
  const s1 = ofLine(isBelow, m + step, step)
  const s2 = ofLine(isBelow, m + 2 * step, step)
  const r1 = ofLine(isBelow, m + 16 + step, step)
  const r2 = ofLine(isBelow, m + 16 + 2 * step, step)
  const first0 = v128.load(panel)
  const first1 = v128.load(panel, 16)
  const s0 = i32x4.add(i32x4.add(ofLine(isBelow, m, step), s1), i32x4.add(s2, first0))
  put(args, s0, i32x4.add(i32x4.add(ofLine(isBelow, m + 16, step), r1), i32x4.add(r2, first1)), panel, y, columns)
  if (!hasRight) return
  const s3 = i32x4.add(i32x4.sub(i32x4.sub(s1, s2), ofLine(isBelow, m + 3 * step, step)), first0)
  const r3 = i32x4.add(i32x4.sub(i32x4.sub(r1, r2), ofLine(isBelow, m + 16 + 3 * step, step)), first1)
  put(args, s3, r3, panel, y + <usize>args.yPixel, columns)
}

// @inline
function put(args: WinogradU8, s0: v128, s1: v128, panel: usize, y: usize, columns: i32): void {
  const v0 = f32x4.mul(f32x4.convert_i32x4_s(s0), v128.load(panel, 32))
  const v1 = f32x4.mul(f32x4.convert_i32x4_s(s1), v128.load(panel, 48))
  const codes = codesOf(v0, v1, f32x4.splat(args.lo), f32x4.splat(args.hi), i8x16.splat(<i8>args.outZero))
  if (columns >= 8) v128.store64_lane(y, codes, 0)
  else putSome(y, codes, columns)
}
