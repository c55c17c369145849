// Gradient of a convolution's weight: dW[o, c, t] = Σ_p dY[p, o] · X[p·stride + t·dilation − pad, c], NHWC.
//
// A matrix product that reduces over pixels. Work goes in tiles of 4 output channels × 8 input channels of one tap, whose 8 vectors of sums stay in
// registers while they go through the rows of a block; padding is left out by going only over those pixels whose tap lies inside. Blocks are
// so small that what they read of X and dY stays in the first cache while all tiles go over it. Between blocks the sums lie in memory, 32 floats per
// tile. Threads share tiles, so that every sum is formed in one order, whatever their number.

import { madd } from './simd'
import { pieceEnd, shareStart, takePiece } from './sync'
import { ConvWeightGradientF32, DepthwiseWeightGradientF32, gradientTileIn, gradientTileOut } from './table.generated'

/** Of a tile of sums. */
const tileBytes: usize = 4 * <usize>(gradientTileOut * gradientTileIn)
// Every piece of work goes over all rows: fewer tiles at a time would read them too often.
const leastTiles: i32 = 8

/** With `run` > 1 the `inChannels` are `run` neighbouring pixels of the window's row, which has one tap then. */
export function convWeightGradientF32(args: ConvWeightGradientF32, thread: i32, threads: i32): void {
  const groups = args.groups
  const channels = args.inChannels / groups
  const outChannels = args.outChannels
  const columns = outChannels / groups
  const kernelWidth = args.kernelWidth
  const taps = args.kernelHeight * kernelWidth
  const channelTiles = (channels + gradientTileIn - 1) / gradientTileIn
  const columnTiles = (columns + gradientTileOut - 1) / gradientTileOut
  const tiles = groups * columnTiles * channelTiles * taps
  const inHeight = args.inHeight
  const inWidth = args.inWidth
  const outHeight = args.outHeight
  const outWidth = args.outWidth
  const strideHeight = args.strideHeight
  const strideWidth = args.strideWidth
  const dilationHeight = args.dilationHeight
  const dilationWidth = args.dilationWidth
  const padTop = args.padTop
  const padLeft = args.padLeft
  const xPixel = 4 * <usize>args.xPixel
  const dyPixel = 4 * <usize>outChannels
  const x = args.x
  const dy = args.dy
  const sums = args.sums
  const rows = args.batch * outHeight
  const blockRows = args.blockRows

  for (;;) {
    const first = takePiece(tiles, 1, leastTiles, tiles, thread, threads)
    if (first < 0) return
    const end = pieceEnd
    memory.fill(sums + tileBytes * <usize>first, 0, tileBytes * <usize>(end - first))
    for (let row = 0; row < rows; row += blockRows) {
      const endRow = min(row + blockRows, rows)
      const tap = first % taps
      let rest = first / taps
      let channel = gradientTileIn * (rest % channelTiles)
      rest /= channelTiles
      let column = gradientTileOut * (rest % columnTiles)
      let group = rest / columnTiles
      let ky = tap / kernelWidth
      let kx = tap - ky * kernelWidth
      let here = sums + tileBytes * <usize>first
      for (let tile = first; tile < end; tile++) {
        // The pixels of a row whose tap is inside.
        const left = kx * dilationWidth - padLeft
        const from = left < 0 ? (strideWidth - 1 - left) / strideWidth : 0
        const last = inWidth - 1 - left
        const count = (last < 0 ? 0 : min(last / strideWidth + 1, outWidth)) - from
        if (count > 0)
          addRows(
            here,
            x + xPixel * <usize>(from * strideWidth + left) + 4 * <usize>(group * channels + channel),
            dy + dyPixel * <usize>from + 4 * <usize>(group * columns + column),
            row,
            endRow,
            outHeight,
            inHeight,
            strideHeight,
            ky * dilationHeight - padTop,
            xPixel * inWidth,
            dyPixel * outWidth,
            count,
            xPixel * strideWidth,
            dyPixel,
          )
        here += tileBytes
        if (++kx === kernelWidth) {
          kx = 0
          if (++ky * kernelWidth === taps) {
            ky = 0
            channel += gradientTileIn
            if (channel >= channels) {
              channel = 0
              column += gradientTileOut
              if (column >= columns) {
                column = 0
                group++
              }
            }
          }
        }
      }
    }
    for (let tile = first; tile < end; tile++) putTile(args, sums + tileBytes * <usize>tile, tile, taps, channelTiles, columnTiles, channels, columns)
  }
}

/** sums[4 output channels][8 input channels] += dY · X over rows [row, endRow) of the outputs. */
// biome-ignore format: what is done side by side stands side by side
function addRows(
  sums: usize, x: usize, dy: usize, row: i32, endRow: i32, outHeight: i32, inHeight: i32, strideHeight: i32, top: i32, xRow: usize, dyRow: usize,
  count: i32, xStep: usize, dyStep: usize,
): void {
  let s00 = v128.load(sums), s01 = v128.load(sums, 16)
  let s10 = v128.load(sums, 32), s11 = v128.load(sums, 48)
  let s20 = v128.load(sums, 64), s21 = v128.load(sums, 80)
  let s30 = v128.load(sums, 96), s31 = v128.load(sums, 112)
  let image = row / outHeight
  let oy = row - image * outHeight
  dy += dyRow * <usize>row
  for (; row < endRow; row++) {
    const iy = oy * strideHeight + top
    if (<u32>iy < <u32>inHeight) {
      let a = x + xRow * <usize>(image * inHeight + iy)
      let g = dy
      let k = count
      do {
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
      } while (--k)
    }
    dy += dyRow
    if (++oy === outHeight) {
      oy = 0
      image++
    }
  }
  v128.store(sums, s00); v128.store(sums, s01, 16)
  v128.store(sums, s10, 32); v128.store(sums, s11, 48)
  v128.store(sums, s20, 64); v128.store(sums, s21, 80)
  v128.store(sums, s30, 96); v128.store(sums, s31, 112)
}

/** A tile's sums into dW [outChannels, channels, kernel], as ONNX has it. */
function putTile(args: ConvWeightGradientF32, sums: usize, tile: i32, taps: i32, channelTiles: i32, columnTiles: i32, channels: i32, columns: i32): void {
  const tap = tile % taps
  tile /= taps
  const channel = gradientTileIn * (tile % channelTiles)
  tile /= channelTiles
  const column = gradientTileOut * (tile % columnTiles)
  const group = tile / columnTiles
  const dw = args.dw
  const run = args.run
  // What a pixel has: of a run, `run` pixels are side by side.
  const pixel = channels / run
  for (let o = 0; o < min(gradientTileOut, columns - column); o++)
    for (let c = 0; c < min(gradientTileIn, channels - channel); c++) {
      const kx = (channel + c) / pixel
      const filter = (group * columns + column + o) * pixel + (channel + c - kx * pixel)
      store<f32>(dw + 4 * <usize>((filter * taps + tap) * run + kx), load<f32>(sums + 4 * <usize>(gradientTileIn * o + c)))
    }
}

/** Threads share taps of 4 channels. */
export function depthwiseWeightGradientF32(args: DepthwiseWeightGradientF32, thread: i32, threads: i32): void {
  const channels = args.outChannels
  const kernelWidth = args.kernelWidth
  const taps = args.kernelHeight * kernelWidth
  const inHeight = args.inHeight
  const inWidth = args.inWidth
  const outHeight = args.outHeight
  const outWidth = args.outWidth
  const strideHeight = args.strideHeight
  const strideWidth = args.strideWidth
  const pixel = 4 * <usize>channels
  const x = args.x
  const dy = args.dy
  const dw = args.dw
  const batch = args.batch
  const blocks = (channels + 15) / 16
  const tiles = blocks * taps
  const end = shareStart(tiles, 1, thread + 1, threads)
  for (let tile = shareStart(tiles, 1, thread, threads); tile < end; tile++) {
    const block = tile / taps
    const tap = tile - block * taps
    const ky = tap / kernelWidth
    const left = (tap - ky * kernelWidth) * args.dilationWidth - args.padLeft
    const top = ky * args.dilationHeight - args.padTop
    const from = left < 0 ? (strideWidth - 1 - left) / strideWidth : 0
    const last = inWidth - 1 - left
    const count = (last < 0 ? 0 : min(last / strideWidth + 1, outWidth)) - from
    let s0 = f32x4.splat(0)
    let s1 = s0
    let s2 = s0
    let s3 = s0
    for (let row = 0; row < batch * outHeight; row++) {
      const image = row / outHeight
      const iy = (row - image * outHeight) * strideHeight + top
      if (<u32>iy >= <u32>inHeight || count <= 0) continue
      let a = x + pixel * <usize>((image * inHeight + iy) * inWidth + from * strideWidth + left) + 64 * <usize>block
      let g = dy + pixel * <usize>(row * outWidth + from) + 64 * <usize>block
      // A row's sums by themselves, so that no sum is long.
      let r0 = f32x4.splat(0)
      let r1 = r0
      let r2 = r0
      let r3 = r0
      for (let k = count; k > 0; k--) {
        r0 = madd(v128.load(a), v128.load(g), r0)
        r1 = madd(v128.load(a, 16), v128.load(g, 16), r1)
        r2 = madd(v128.load(a, 32), v128.load(g, 32), r2)
        r3 = madd(v128.load(a, 48), v128.load(g, 48), r3)
        a += pixel * strideWidth
        g += pixel
      }
      s0 = f32x4.add(s0, r0)
      s1 = f32x4.add(s1, r1)
      s2 = f32x4.add(s2, r2)
      s3 = f32x4.add(s3, r3)
    }
    const rest = channels - 16 * block
    const to = dw + 4 * <usize>(16 * block * taps + tap)
    putLanes(to, s0, taps, rest)
    putLanes(to + 16 * <usize>taps, s1, taps, rest - 4)
    putLanes(to + 32 * <usize>taps, s2, taps, rest - 8)
    putLanes(to + 48 * <usize>taps, s3, taps, rest - 12)
  }
}

/** Lanes to places `step` floats apart; only the first `count`. */
function putLanes(to: usize, v: v128, step: i32, count: i32): void {
  const bytes = 4 * <usize>step
  if (count > 0) v128.store32_lane(to, v, 0)
  if (count > 1) v128.store32_lane(to + bytes, v, 1)
  if (count > 2) v128.store32_lane(to + 2 * bytes, v, 2)
  if (count > 3) v128.store32_lane(to + 3 * bytes, v, 3)
}
