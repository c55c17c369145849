// Convolution of codes as an indirect matrix product, NHWC: sums are exact in int32, results codes again.
//
//     y[p, o] = clamp(round(m[o] · (b[o] + Σ_t Σ_c x[pointer(p, t) + c] · w[o, t, c])) + zero)
//
// Tiles and tables are those of conv-f32.ts: 4 output pixels × 8 output channels, whose 8 vectors of sums stay in registers. Two kernels differ in how many
// neighbouring channels of an input pixel one instruction multiplies and adds up:
//
//     convI16   two, as numbers of 16 bits less their zero point: i32x4.dot_i16x8_s, exact everywhere
//     convU8    four, as bytes: i32x4.relaxed_dot_i8x16_i7x16_add_s, which is exact for bytes where the engine has one instruction for it (engine/module.ts)
//
// A panel: 8 sums to begin with, i32, which hold biases and zero points; 8 factors, floats; then for each tap and 2 or 4 channels those of filter 0, of filter 1 …

import { codesOf, putSome } from './codes'
import { gatherBytes } from './conv-runs'
import { writeTable } from './conv-table'
import { pieceEnd, shareStart, takePiece } from './sync'
import { CodesConv, ConvI16, ConvU8, codePanelHead, convTileRows, DepthwiseU8, panelWidth, WidenU8 } from './table.generated'

// Fewer in a piece of work would read all weights too often.
const leastTiles: i32 = 4

export function convI16(args: ConvI16, thread: i32, threads: i32): void {
  product(args, false, thread, threads)
}

export function convU8(args: ConvU8, thread: i32, threads: i32): void {
  product(args, true, thread, threads)
}

// @inline
function product(args: CodesConv, asBytes: bool, thread: i32, threads: i32): void {
  const most = args.scratchThreads
  if (threads > most) threads = most
  if (thread >= threads) return

  const table = args.scratch + <usize>args.scratchBytes * thread
  const taps = args.kernelHeight * args.kernelWidth
  const steps = args.steps
  const outChannels = args.outChannels
  const groupStep = <usize>args.groupStep

  const pixels = args.batch * args.outHeight * args.outWidth
  const tiles = (pixels + convTileRows - 1) / convTileRows
  const groupPanels = (outChannels + panelWidth - 1) / panelWidth
  const panels = groupPanels * args.groups
  const panelBytes = codePanelHead + 32 * <usize>(taps * steps)

  const byChannels = args.byChannels !== 0
  const blockTiles = args.blockTiles
  // The block whose table is written.
  let written = -1
  for (;;) {
    const piece = byChannels ? takePiece(panels, 1, 1, panels, thread, threads) : takePiece(tiles, 1, min(blockTiles, leastTiles), blockTiles, thread, threads)
    if (piece < 0) return
    const firstTile = byChannels ? 0 : piece
    const endTile = byChannels ? tiles : pieceEnd
    const firstPanel = byChannels ? piece : 0
    const endPanel = byChannels ? pieceEnd : panels
    for (let tile = firstTile; tile < endTile; tile += blockTiles) {
      const count = min(blockTiles, endTile - tile)
      if (tile !== written) {
        if (args.runCount === 0) writeTable(args, table, tile * convTileRows, count * convTileRows, pixels)
        else gatherBytes(args, table, tile * convTileRows, count * convTileRows, pixels)
      }
      written = tile
      let weights = args.weights + panelBytes * firstPanel
      let group = firstPanel / groupPanels
      let column = (firstPanel % groupPanels) * panelWidth
      for (let panel = firstPanel; panel < endPanel; panel++) {
        const out = <usize>(group * outChannels + column)
        if (asBytes) tilesOfBytes(args, table, count, taps, steps, weights, groupStep * group, out, outChannels - column)
        else tilesOfWords(args, table, count, taps, steps, weights, groupStep * group, out, outChannels - column)
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

/** A float argument in all lanes, loaded as a vector: a splat of a scalar V8 makes anew for every tile. */
// @inline
function splatOf(args: CodesConv, offset: usize): v128 {
  return v128.load32_splat(changetype<usize>(args) + offset)
}

/** The codes of one pixel. */
// @inline
function put(y: usize, s0: v128, s1: v128, m0: v128, m1: v128, lo: v128, hi: v128, zero: v128, columns: i32): void {
  const codes = codesOf(f32x4.mul(f32x4.convert_i32x4_s(s0), m0), f32x4.mul(f32x4.convert_i32x4_s(s1), m1), lo, hi, zero)
  if (columns >= 8) v128.store64_lane(y, codes, 0)
  else putSome(y, codes, columns)
}

// biome-ignore format: what is done side by side stands side by side
// @inline
function tiled(
  args: CodesConv, asBytes: bool, table: usize, tiles: i32, taps: i32, steps: i32, panel: usize, xOffset: usize, yOffset: usize, columns: i32,
): void {
  for (; tiles > 0; tiles--) {
    const out = table
    table += 16
    let c00 = v128.load(panel), c01 = v128.load(panel, 16)
    let c10 = c00, c11 = c01
    let c20 = c00, c21 = c01
    let c30 = c00, c31 = c01
    let w = panel + codePanelHead
    for (let t = taps; t > 0; t--) {
      let a0 = <usize>load<i32>(table, 0) + xOffset
      let a1 = <usize>load<i32>(table, 4) + xOffset
      let a2 = <usize>load<i32>(table, 8) + xOffset
      let a3 = <usize>load<i32>(table, 12) + xOffset
      table += 16
      for (let k = steps; k > 0; k--) {
        const w0 = v128.load(w), w1 = v128.load(w, 16)
        const x0 = v128.load32_splat(a0)
        c00 = dot(asBytes, w0, x0, c00); c01 = dot(asBytes, w1, x0, c01)
        const x1 = v128.load32_splat(a1)
        c10 = dot(asBytes, w0, x1, c10); c11 = dot(asBytes, w1, x1, c11)
        const x2 = v128.load32_splat(a2)
        c20 = dot(asBytes, w0, x2, c20); c21 = dot(asBytes, w1, x2, c21)
        const x3 = v128.load32_splat(a3)
        c30 = dot(asBytes, w0, x3, c30); c31 = dot(asBytes, w1, x3, c31)
        a0 += 4; a1 += 4; a2 += 4; a3 += 4
        w += 32
      }
    }
    const m0 = v128.load(panel, 32), m1 = v128.load(panel, 48)
    const lo = splatOf(args, offsetof<CodesConv>('lo'))
    const hi = splatOf(args, offsetof<CodesConv>('hi'))
    const zero = i8x16.splat(<i8>args.outZero)
    put(<usize>load<i32>(out, 0) + yOffset, c00, c01, m0, m1, lo, hi, zero, columns)
    put(<usize>load<i32>(out, 4) + yOffset, c10, c11, m0, m1, lo, hi, zero, columns)
    put(<usize>load<i32>(out, 8) + yOffset, c20, c21, m0, m1, lo, hi, zero, columns)
    put(<usize>load<i32>(out, 12) + yOffset, c30, c31, m0, m1, lo, hi, zero, columns)
  }
}

/** c + the products of four filters' weights with the inputs: two neighbours of 16 bits, or four bytes. */
// @inline
function dot(asBytes: bool, w: v128, x: v128, c: v128): v128 {
  return asBytes ? i32x4.relaxed_dot_i8x16_i7x16_add_s(w, x, c) : i32x4.add(i32x4.dot_i16x8_s(w, x), c)
}

// biome-ignore format: as above
function tilesOfBytes(
  args: CodesConv, table: usize, tiles: i32, taps: i32, steps: i32, panel: usize, xOffset: usize, yOffset: usize, columns: i32,
): void {
  tiled(args, true, table, tiles, taps, steps, panel, xOffset, yOffset, columns)
}

// biome-ignore format: as above
function tilesOfWords(
  args: CodesConv, table: usize, tiles: i32, taps: i32, steps: i32, panel: usize, xOffset: usize, yOffset: usize, columns: i32,
): void {
  tiled(args, false, table, tiles, taps, steps, panel, xOffset, yOffset, columns)
}

/**
 * Depthwise: 8 channels are a panel, and a step is two taps, whose bytes are put beside each other as words.
 */
export function depthwiseU8(args: DepthwiseU8, thread: i32, threads: i32): void {
  const most = args.scratchThreads
  if (threads > most) threads = most
  if (thread >= threads) return
  const table = args.scratch + <usize>args.scratchBytes * thread
  const taps = args.kernelHeight * args.kernelWidth
  const panelBytes = codePanelHead + 32 * <usize>args.steps
  const pixels = args.batch * args.outHeight * args.outWidth
  const tiles = (pixels + convTileRows - 1) / convTileRows
  const blockTiles = args.blockTiles
  for (;;) {
    const piece = takePiece(tiles, 1, min(blockTiles, leastTiles), blockTiles, thread, threads)
    if (piece < 0) return
    const count = pieceEnd - piece
    writeTable(args, table, piece * convTileRows, count * convTileRows, pixels)
    let panel = args.weights
    for (let c = 0; c < args.outChannels; c += panelWidth) {
      tilesOfChannels(args, table, count, taps, panel, c)
      panel += panelBytes
    }
  }
}

// biome-ignore format: what is done side by side stands side by side
function tilesOfChannels(args: CodesConv, table: usize, tiles: i32, taps: i32, panel: usize, first: i32): void {
  const columns = args.outChannels - first
  const pairs = taps >> 1
  const m0 = v128.load(panel, 32), m1 = v128.load(panel, 48)
  const lo = splatOf(args, offsetof<CodesConv>('lo'))
  const hi = splatOf(args, offsetof<CodesConv>('hi'))
  const zero = i8x16.splat(<i8>args.outZero)
  for (; tiles > 0; tiles--) {
    const out = table
    table += 16
    let c00 = v128.load(panel), c01 = v128.load(panel, 16)
    let c10 = c00, c11 = c01
    let c20 = c00, c21 = c01
    let c30 = c00, c31 = c01
    let w = panel + codePanelHead
    for (let pair = pairs; pair > 0; pair--) {
      const w0 = v128.load(w), w1 = v128.load(w, 16)
      let a = v128.load8x8_u(<usize>load<i32>(table) + first), b = v128.load8x8_u(<usize>load<i32>(table, 16) + first)
      c00 = i32x4.add(c00, i32x4.dot_i16x8_s(besideLow(a, b), w0)); c01 = i32x4.add(c01, i32x4.dot_i16x8_s(besideHigh(a, b), w1))
      a = v128.load8x8_u(<usize>load<i32>(table, 4) + first); b = v128.load8x8_u(<usize>load<i32>(table, 20) + first)
      c10 = i32x4.add(c10, i32x4.dot_i16x8_s(besideLow(a, b), w0)); c11 = i32x4.add(c11, i32x4.dot_i16x8_s(besideHigh(a, b), w1))
      a = v128.load8x8_u(<usize>load<i32>(table, 8) + first); b = v128.load8x8_u(<usize>load<i32>(table, 24) + first)
      c20 = i32x4.add(c20, i32x4.dot_i16x8_s(besideLow(a, b), w0)); c21 = i32x4.add(c21, i32x4.dot_i16x8_s(besideHigh(a, b), w1))
      a = v128.load8x8_u(<usize>load<i32>(table, 12) + first); b = v128.load8x8_u(<usize>load<i32>(table, 28) + first)
      c30 = i32x4.add(c30, i32x4.dot_i16x8_s(besideLow(a, b), w0)); c31 = i32x4.add(c31, i32x4.dot_i16x8_s(besideHigh(a, b), w1))
      w += 32
      table += 32
    }
    if (taps & 1) {
      const w0 = v128.load(w), w1 = v128.load(w, 16)
      let a = v128.load8x8_u(<usize>load<i32>(table) + first)
      c00 = i32x4.add(c00, i32x4.dot_i16x8_s(i32x4.extend_low_i16x8_u(a), w0)); c01 = i32x4.add(c01, i32x4.dot_i16x8_s(i32x4.extend_high_i16x8_u(a), w1))
      a = v128.load8x8_u(<usize>load<i32>(table, 4) + first)
      c10 = i32x4.add(c10, i32x4.dot_i16x8_s(i32x4.extend_low_i16x8_u(a), w0)); c11 = i32x4.add(c11, i32x4.dot_i16x8_s(i32x4.extend_high_i16x8_u(a), w1))
      a = v128.load8x8_u(<usize>load<i32>(table, 8) + first)
      c20 = i32x4.add(c20, i32x4.dot_i16x8_s(i32x4.extend_low_i16x8_u(a), w0)); c21 = i32x4.add(c21, i32x4.dot_i16x8_s(i32x4.extend_high_i16x8_u(a), w1))
      a = v128.load8x8_u(<usize>load<i32>(table, 12) + first)
      c30 = i32x4.add(c30, i32x4.dot_i16x8_s(i32x4.extend_low_i16x8_u(a), w0)); c31 = i32x4.add(c31, i32x4.dot_i16x8_s(i32x4.extend_high_i16x8_u(a), w1))
      table += 16
    }
    put(<usize>load<i32>(out, 0) + first, c00, c01, m0, m1, lo, hi, zero, columns)
    put(<usize>load<i32>(out, 4) + first, c10, c11, m0, m1, lo, hi, zero, columns)
    put(<usize>load<i32>(out, 8) + first, c20, c21, m0, m1, lo, hi, zero, columns)
    put(<usize>load<i32>(out, 12) + first, c30, c31, m0, m1, lo, hi, zero, columns)
  }
}

/** Words of a and b in turns: those of the first four channels, of the others. */
// @inline
function besideLow(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
}

// @inline
function besideHigh(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
}

/** Lines of y in turns; what lies beyond x is zero. */
export function widenU8(args: WidenU8, thread: i32, threads: i32): void {
  const x = args.x
  const y = args.y
  const height = args.height
  const channels = args.channels
  const outHeight = args.outHeight
  const padTop = args.padTop
  const zero = args.zero
  if (args.xPixel !== channels || args.yPixel !== channels) {
    widenApart(args, thread, threads)
    return
  }
  const inLine = args.width * channels
  const outLine = args.outWidth * channels
  const before = min(args.padLeft * channels, outLine)
  // The window may end before the input does.
  const copied = min(inLine, outLine - before)
  const lines = args.batch * outHeight
  const end = shareStart(lines, 1, thread + 1, threads)
  for (let line = shareStart(lines, 1, thread, threads); line < end; line++) {
    const to = y + 2 * <usize>outLine * line
    const row = (line % outHeight) - padTop
    if (<u32>row >= <u32>height) {
      memory.fill(to, 0, 2 * outLine)
      continue
    }
    memory.fill(to, 0, 2 * before)
    widened(x + <usize>inLine * ((line / outHeight) * height + row), to + 2 * before, copied, zero)
    memory.fill(to + 2 * (before + copied), 0, 2 * (outLine - before - copied))
  }
}

/** Some channels of larger pixels, or to places apart. */
function widenApart(args: WidenU8, thread: i32, threads: i32): void {
  const channels = args.channels
  const outHeight = args.outHeight
  const outWidth = args.outWidth
  const step = 2 * <usize>args.yStep
  const lines = args.batch * outHeight
  const end = shareStart(lines, 1, thread + 1, threads)
  for (let line = shareStart(lines, 1, thread, threads); line < end; line++) {
    const row = (line % outHeight) - args.padTop
    const isIn = <u32>row < <u32>args.height
    let to = args.y + 2 * <usize>(args.yPixel * outWidth) * line
    for (let ox = 0; ox < outWidth; ox++) {
      const column = ox - args.padLeft
      if (isIn && <u32>column < <u32>args.width) {
        const x = args.x + <usize>args.xPixel * (((line / outHeight) * args.height + row) * args.width + column)
        if (step === 2) widened(x, to, channels, args.zero)
        else for (let c = 0; c < channels; c++) store<i16>(to + step * c, <i16>(<i32>load<u8>(x + c) - args.zero))
      } else for (let c = 0; c < channels; c++) store<i16>(to + step * c, 0)
      to += 2 * <usize>args.yPixel
    }
  }
}

function widened(x: usize, y: usize, count: i32, zero: i32): void {
  const zeros = i16x8.splat(<i16>zero)
  for (; count >= 8; count -= 8) {
    v128.store(y, i16x8.sub(v128.load8x8_u(x), zeros))
    x += 8
    y += 16
  }
  for (; count > 0; count--) {
    store<i16>(y, <i16>(<i32>load<u8>(x) - zero))
    x++
    y += 2
  }
}
