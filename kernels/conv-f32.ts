// Float32 convolution as an indirect matrix product: y[p, o] = b[o] + Σ_t Σ_c x[pointer(p, t) + c] · w[o, t, c], NHWC.
//
// Work goes in tiles of 4 output pixels × 8 output channels, whose 8 vectors of sums stay in registers. Before a block of pixels is
// computed, its table is written into the thread's scratch memory: per tile 4 addresses of output pixels, then for each tap of the window
// the 4 addresses of the input pixels under it; a tap that lies in the padding points to zeros. The inner loop only follows pointers, so it
// is the same for every kernel size, stride, dilation and padding.
//
// The inner loop takes one channel a turn on purpose: within a basic block V8 moves every load to the front, so an unrolled loop needs more
// than the 15 vector registers there are and spills. 4 + 2 loads, 8 sums and 1 product are exactly 15. See docs/decisions/0010.
//
// Weights of a whole network do not stay in the cache from run to run. While a panel is multiplied, the next one is fetched: each tile reads one byte
// of some of its lines.

import { gatherBlock } from './conv-runs'
import { writeTable } from './conv-table'
import { clamp, loadSome, madd, storeSome } from './simd'
import { pieceEnd, takePiece } from './sync'
import { ConvF32, convTileRows, panelWidth } from './table.generated'

// Fewer in a piece of work would read all weights too often.
const leastTiles: i32 = 4
/** Of the cache. */
const lineBytes: i32 = 64

export function convF32(args: ConvF32, thread: i32, threads: i32): void {
  const most = args.scratchThreads
  if (threads > most) threads = most
  if (thread >= threads) return

  const table = args.scratch + <usize>args.scratchBytes * thread
  const taps = args.kernelHeight * args.kernelWidth
  const channels = args.channels
  const outChannels = args.outChannels
  const groupStep = <usize>args.groupStep
  const y = args.y
  const residual = args.residual
  const hasResidual = residual !== 0
  const residualOffset = <usize>(residual - y)
  const lo = f32x4.splat(args.lo)
  const hi = f32x4.splat(args.hi)

  const pixels = args.batch * args.outHeight * args.outWidth
  const tiles = (pixels + convTileRows - 1) / convTileRows
  const groupPanels = (outChannels + panelWidth - 1) / panelWidth
  const panels = groupPanels * args.groups
  const panelBytes = 4 * <usize>(panelWidth * (1 + taps * channels))

  const byChannels = args.byChannels !== 0
  const blockTiles = args.blockTiles
  // The block whose table is written.
  let written = -1
  let fetched = 0
  for (;;) {
    const piece = byChannels ? takePiece(panels, 1, 1, panels, thread, threads) : takePiece(tiles, 1, min(blockTiles, leastTiles), blockTiles, thread, threads)
    if (piece < 0) {
      // So that what was fetched counts as read.
      store<i32>(table, fetched)
      return
    }
    const firstTile = byChannels ? 0 : piece
    const endTile = byChannels ? tiles : pieceEnd
    const firstPanel = byChannels ? piece : 0
    const endPanel = byChannels ? pieceEnd : panels
    for (let tile = firstTile; tile < endTile; tile += blockTiles) {
      const count = min(blockTiles, endTile - tile)
      if (tile !== written) {
        if (args.runCount === 0) writeTable(args, table, tile * convTileRows, count * convTileRows, pixels)
        else gatherBlock(args, table, tile * convTileRows, count * convTileRows, pixels)
      }
      written = tile
      let weights = args.weights + panelBytes * firstPanel
      let group = firstPanel / groupPanels
      let column = (firstPanel % groupPanels) * panelWidth
      const linesAhead = <i32>panelBytes / (lineBytes * count)
      for (let panel = firstPanel; panel < endPanel; panel++) {
        fetched += tile4x8(
          table,
          count,
          taps,
          channels,
          weights,
          groupStep * group,
          4 * <usize>(group * outChannels + column),
          hasResidual,
          residualOffset,
          outChannels - column,
          lo,
          hi,
          weights + panelBytes,
          panel + 1 < panels ? linesAhead : 0,
        )
        weights += panelBytes
        column += panelWidth
        if (column >= outChannels) {
          column = 0
          group++
        }
      }
    }
  }
}

/**
 * All tiles of a table against one panel of 8 output channels: its 8 biases, then 8 weights for each tap and channel.
 * @param ahead what is fetched meanwhile, so many lines of the cache with each tile
 */
// biome-ignore format: what is done side by side stands side by side
function tile4x8(
  table: usize, tiles: i32, taps: i32, channels: i32, panel: usize, xOffset: usize, yOffset: usize,
  hasResidual: bool, residualOffset: usize, columns: i32, lo: v128, hi: v128, ahead: usize, linesAhead: i32,
): i32 {
  let fetched = 0
  for (; tiles > 0; tiles--) {
    for (let line = linesAhead; line > 0; line--) {
      fetched += load<u8>(ahead)
      ahead += lineBytes
    }
    const out = table
    table += 16
    let c00 = v128.load(panel), c01 = v128.load(panel, 16)
    let c10 = c00, c11 = c01
    let c20 = c00, c21 = c01
    let c30 = c00, c31 = c01
    let w = panel + 32
    for (let t = taps; t > 0; t--) {
      let a0 = <usize>load<i32>(table, 0) + xOffset
      let a1 = <usize>load<i32>(table, 4) + xOffset
      let a2 = <usize>load<i32>(table, 8) + xOffset
      let a3 = <usize>load<i32>(table, 12) + xOffset
      table += 16
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
    }
    const y0 = <usize>load<i32>(out, 0) + yOffset
    const y1 = <usize>load<i32>(out, 4) + yOffset
    const y2 = <usize>load<i32>(out, 8) + yOffset
    const y3 = <usize>load<i32>(out, 12) + yOffset
    // All residuals are read before anything is stored: rows that repeat the last one may be written in place.
    if (columns >= 8) {
      if (hasResidual) {
        c00 = f32x4.add(c00, v128.load(y0 + residualOffset)); c01 = f32x4.add(c01, v128.load(y0 + residualOffset, 16))
        c10 = f32x4.add(c10, v128.load(y1 + residualOffset)); c11 = f32x4.add(c11, v128.load(y1 + residualOffset, 16))
        c20 = f32x4.add(c20, v128.load(y2 + residualOffset)); c21 = f32x4.add(c21, v128.load(y2 + residualOffset, 16))
        c30 = f32x4.add(c30, v128.load(y3 + residualOffset)); c31 = f32x4.add(c31, v128.load(y3 + residualOffset, 16))
      }
      v128.store(y0, clamp(c00, lo, hi)); v128.store(y0, clamp(c01, lo, hi), 16)
      v128.store(y1, clamp(c10, lo, hi)); v128.store(y1, clamp(c11, lo, hi), 16)
      v128.store(y2, clamp(c20, lo, hi)); v128.store(y2, clamp(c21, lo, hi), 16)
      v128.store(y3, clamp(c30, lo, hi)); v128.store(y3, clamp(c31, lo, hi), 16)
    } else {
      if (hasResidual) {
        c00 = f32x4.add(c00, loadSome(y0 + residualOffset, columns)); c01 = f32x4.add(c01, loadSome(y0 + residualOffset + 16, columns - 4))
        c10 = f32x4.add(c10, loadSome(y1 + residualOffset, columns)); c11 = f32x4.add(c11, loadSome(y1 + residualOffset + 16, columns - 4))
        c20 = f32x4.add(c20, loadSome(y2 + residualOffset, columns)); c21 = f32x4.add(c21, loadSome(y2 + residualOffset + 16, columns - 4))
        c30 = f32x4.add(c30, loadSome(y3 + residualOffset, columns)); c31 = f32x4.add(c31, loadSome(y3 + residualOffset + 16, columns - 4))
      }
      storeSome(y0, clamp(c00, lo, hi), columns); storeSome(y0 + 16, clamp(c01, lo, hi), columns - 4)
      storeSome(y1, clamp(c10, lo, hi), columns); storeSome(y1 + 16, clamp(c11, lo, hi), columns - 4)
      storeSome(y2, clamp(c20, lo, hi), columns); storeSome(y2 + 16, clamp(c21, lo, hi), columns - 4)
      storeSome(y3, clamp(c30, lo, hi), columns); storeSome(y3 + 16, clamp(c31, lo, hi), columns - 4)
    }
  }
  return fetched
}
