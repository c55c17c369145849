// Gradient of a 3×3 convolution's weight, stride 1, by the transpose of Winograd's F(2×2, 3×3) (kernels/winograd.ts): of the 2×2 tiles of dY and the
// 4×4 pixels d of X under them
//
//   dW[o, c] = Gᵀ [ Σ_tiles (A dYₒ Aᵀ) ⊙ (Bᵀ d_c B) ] G
//
// 16 products for a tile instead of 36. Tiles go in a fixed number of chunks, each with sums of its own, [16][4 output channels][8 input channels] in
// tiles of registers; a second kernel adds the chunks and transforms back. Threads share chunks, then results: the same bits for any number of threads.

import { madd } from './simd'
import { shareStart, takePiece } from './sync'
import { gradientTileIn, gradientTileOut, WinogradMomentsF32, WinogradWeightGradientF32, winogradProducts } from './table.generated'
import { copyPatch, stepOf, transformPixels } from './winograd'

/** Of a tile of sums. */
const tileBytes: usize = 4 * <usize>(gradientTileOut * gradientTileIn)

/** Tiles for so many input channels. */
// @inline
function tilesOf(inChannels: i32): i32 {
  return (inChannels + gradientTileIn - 1) / gradientTileIn
}

export function winogradMomentsF32(args: WinogradMomentsF32, thread: i32, threads: i32): void {
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
  const pixels = args.scratch + <usize>args.scratchBytes * thread
  // What lies behind each matrix is also what the last tile of sums reads where it has 4 input channels of 8.
  const pixelsStep = stepOf(blockTiles * inChannels)
  const gradients = pixels + winogradProducts * pixelsStep
  const gradientsStep = stepOf(blockTiles * outChannels)
  const patch = gradients + winogradProducts * gradientsStep
  const wide = (outWidth + 1) / 2
  const high = (outHeight + 1) / 2
  const tiles = args.batch * high * wide
  const chunks = args.chunks
  const sumsBytes = tileBytes * <usize>((outChannels / gradientTileOut) * tilesOf(inChannels))

  for (;;) {
    const chunk = takePiece(chunks, 1, 1, 1, thread, threads)
    if (chunk < 0) return
    const sums = args.sums + winogradProducts * sumsBytes * <usize>chunk
    memory.fill(sums, 0, winogradProducts * sumsBytes)
    const end = shareStart(tiles, 1, chunk + 1, chunks)
    for (let first = shareStart(tiles, 1, chunk, chunks); first < end; first += blockTiles) {
      const count = min(blockTiles, end - first)
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
          4 * <usize>inChannels,
          patch,
          pixels + 4 * <usize>(i * inChannels),
          pixelsStep,
        )
        transformGradient(args.dy, image, 2 * ty, 2 * tx, outHeight, outWidth, outChannels, patch, gradients + 4 * <usize>(i * outChannels), gradientsStep)
        if (++tx === wide) {
          tx = 0
          if (++ty === high) {
            ty = 0
            image++
          }
        }
      }
      for (let e = 0; e < winogradProducts; e++)
        addProducts(sums + sumsBytes * e, gradients + gradientsStep * e, pixels + pixelsStep * e, outChannels, inChannels, count)
    }
  }
}

/** A g Aᵀ of the 2×2 pixels from (oy, ox), zeros outside. */
function transformGradient(dy: usize, image: i32, oy: i32, ox: i32, height: i32, width: i32, channels: i32, patch: usize, to: usize, step: usize): void {
  const pixel = 4 * <usize>channels
  let from = dy + pixel * <usize>((image * height + oy) * width + ox)
  let row = pixel * <usize>width
  if (oy + 2 > height || ox + 2 > width) {
    copyPatch(patch, dy, image, oy, ox, 2, height, width, pixel, pixel, 0)
    from = patch
    row = 2 * pixel
  }
  for (let c = channels; c > 0; c -= 4) {
    const g00 = v128.load(from)
    const g01 = v128.load(from + pixel)
    const g10 = v128.load(from + row)
    const g11 = v128.load(from + row + pixel)
    putGradientRow(to, step, g00, g01)
    putGradientRow(to + 4 * step, step, f32x4.add(g00, g10), f32x4.add(g01, g11))
    putGradientRow(to + 8 * step, step, f32x4.sub(g00, g10), f32x4.sub(g01, g11))
    putGradientRow(to + 12 * step, step, f32x4.neg(g10), f32x4.neg(g11))
    from += 16
    to += 16
  }
}

// @inline
function putGradientRow(to: usize, step: usize, a: v128, b: v128): void {
  v128.store(to, a)
  v128.store(to + step, f32x4.add(a, b))
  v128.store(to + 2 * step, f32x4.sub(a, b))
  v128.store(to + 3 * step, f32x4.neg(b))
}

/** sums [o / 4][c / 8][4][8] += Σ_tile g[tile][o] · v[tile][c] */
// biome-ignore format: what is done side by side stands side by side
function addProducts(sums: usize, gradients: usize, pixels: usize, outChannels: i32, inChannels: i32, tiles: i32): void {
  const dyStep = 4 * <usize>outChannels
  const xStep = 4 * <usize>inChannels
  for (let o = 0; o < outChannels; o += gradientTileOut)
    for (let c = 0; c < inChannels; c += gradientTileIn) {
      let g = gradients + 4 * <usize>o
      let a = pixels + 4 * <usize>c
      let s00 = v128.load(sums), s01 = v128.load(sums, 16)
      let s10 = v128.load(sums, 32), s11 = v128.load(sums, 48)
      let s20 = v128.load(sums, 64), s21 = v128.load(sums, 80)
      let s30 = v128.load(sums, 96), s31 = v128.load(sums, 112)
      for (let k = tiles; k > 0; k--) {
        const x0 = v128.load(a), x1 = v128.load(a, 16)
        const g0 = v128.load32_splat(g)
        s00 = madd(g0, x0, s00); s01 = madd(g0, x1, s01)
        const g1 = v128.load32_splat(g, 4)
        s10 = madd(g1, x0, s10); s11 = madd(g1, x1, s11)
        const g2 = v128.load32_splat(g, 8)
        s20 = madd(g2, x0, s20); s21 = madd(g2, x1, s21)
        const g3 = v128.load32_splat(g, 12)
        s30 = madd(g3, x0, s30); s31 = madd(g3, x1, s31)
        a += xStep
        g += dyStep
      }
      v128.store(sums, s00); v128.store(sums, s01, 16)
      v128.store(sums, s10, 32); v128.store(sums, s11, 48)
      v128.store(sums, s20, 64); v128.store(sums, s21, 80)
      v128.store(sums, s30, 96); v128.store(sums, s31, 112)
      sums += tileBytes
    }
}

export function winogradWeightGradientF32(args: WinogradWeightGradientF32, thread: i32, threads: i32): void {
  const sums = args.sums
  const dw = args.dw
  const chunks = args.chunks
  const outChannels = args.outChannels
  const inChannels = args.inChannels
  const wide = tilesOf(inChannels)
  const blocks = (outChannels / gradientTileOut) * wide
  const step = tileBytes * <usize>blocks
  const end = shareStart(blocks, 1, thread + 1, threads)
  for (let block = shareStart(blocks, 1, thread, threads); block < end; block++) {
    const here = sums + tileBytes * <usize>block
    for (let e: usize = 0; e < <usize>winogradProducts; e++)
      for (let i: usize = 0; i < tileBytes; i += 16) {
        let sum = v128.load(here + e * step + i)
        for (let chunk = 1; chunk < chunks; chunk++) sum = f32x4.add(sum, v128.load(here + (winogradProducts * <usize>chunk + e) * step + i))
        v128.store(here + e * step + i, sum)
      }
    const first = gradientTileIn * (block % wide)
    const count = min(gradientTileIn, inChannels - first)
    for (let o = 0; o < gradientTileOut; o++)
      for (let c = 0; c < count; c++)
        putFilter(dw + 36 * <usize>((gradientTileOut * (block / wide) + o) * inChannels + first + c), here + 4 * <usize>(gradientTileIn * o + c), step)
  }
}

/** Gᵀ s G of one filter and channel. */
function putFilter(to: usize, s: usize, step: usize): void {
  for (let row: usize = 0; row < 3; row++) {
    const a = filterRow(s, step, row)
    const b = filterRow(s + step, step, row)
    const c = filterRow(s + 2 * step, step, row)
    const d = filterRow(s + 3 * step, step, row)
    store<f32>(to, a + 0.5 * (b + c))
    store<f32>(to, 0.5 * (b - c), 4)
    store<f32>(to, 0.5 * (b + c) + d, 8)
    to += 12
  }
}

/** Row of Gᵀ s, of one column. */
// @inline
function filterRow(s: usize, step: usize, row: usize): f32 {
  const b = load<f32>(s + 4 * step)
  const c = load<f32>(s + 8 * step)
  if (row === 0) return load<f32>(s) + 0.5 * (b + c)
  if (row === 1) return 0.5 * (b - c)
  return 0.5 * (b + c) + load<f32>(s + 12 * step)
}
