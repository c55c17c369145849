// Float32 depthwise convolution: y[p, c] = b[c] + Σ_t x[pointer(p, t), c] · w[t, c], NHWC.
//
// Work goes by rows of output pixels. Before a row is computed, a table is written into the thread's scratch memory: for each row of the
// window, the addresses of the input pixels from the padding on the left to the padding on the right, padding pointing to zeros. Then comes
// tile after tile of neighbouring output pixels, four channels at a time; neighbours share the input vectors under them. One turn of the
// inner loop is one row of the window, so that its vectors fit in registers (V8 moves all loads of a basic block to its front).

import { clamp, loadSome, madd, storeSome } from './simd'
import { pieceEnd, takePiece } from './sync'
import { DepthwiseF32 } from './table.generated'

export function depthwiseF32(args: DepthwiseF32, thread: i32, threads: i32): void {
  const most = args.scratchThreads
  if (threads > most) threads = most
  if (thread >= threads) return

  const table = args.scratch + <usize>args.scratchBytes * thread
  const outHeight = args.outHeight
  const outWidth = args.outWidth
  const channels = args.channels
  const kernelHeight = args.kernelHeight
  const kernelWidth = args.kernelWidth
  const stride = args.strideWidth
  const dilation = args.dilationWidth
  const tableRow = 4 * <usize>args.columns
  const y = args.y
  const residual = args.residual
  const residualOffset = <usize>residual - y
  const lo = f32x4.splat(args.lo)
  const hi = f32x4.splat(args.hi)

  // Threads share rows; where there are few, channels.
  const rows = args.batch * outHeight
  const byRows = rows >= 8 * threads
  const pixel = 4 * <usize>args.yPixel
  const isPlain = dilation === 1
  for (;;) {
    const piece = byRows ? takePiece(rows, 1, 2, rows, thread, threads) : takePiece(channels, 16, 64, channels, thread, threads)
    if (piece < 0) return
    const firstRow = byRows ? piece : 0
    const endRow = byRows ? pieceEnd : rows
    const firstChannel = byRows ? 0 : piece
    const count = (byRows ? channels : pieceEnd) - firstChannel
    const first = 4 * <usize>firstChannel
    const weights = args.weights + first * (1 + kernelHeight * kernelWidth)
    for (let row = firstRow; row < endRow; row++) {
      writeTable(args, table, row / outHeight, row % outHeight)
      const out = y + first + pixel * <usize>(row * outWidth)
      if (isPlain && kernelWidth === 3 && stride === 1)
        row3(table, tableRow, kernelHeight, weights, first, count, out, pixel, outWidth, residual !== 0, residualOffset, lo, hi)
      else if (isPlain && kernelWidth === 3 && stride === 2)
        row3stride2(table, tableRow, kernelHeight, weights, first, count, out, pixel, outWidth, residual !== 0, residualOffset, lo, hi)
      else if (isPlain && kernelWidth === 5 && stride === 1)
        row5(table, tableRow, kernelHeight, weights, first, count, out, pixel, outWidth, residual !== 0, residualOffset, lo, hi)
      else
        rowAny(
          table,
          tableRow,
          kernelHeight,
          kernelWidth,
          4 * <usize>stride,
          4 * <usize>dilation,
          weights,
          first,
          count,
          out,
          pixel,
          outWidth,
          residual !== 0,
          residualOffset,
          lo,
          hi,
        )
    }
  }
}

/** For each row of the window, the addresses of the input pixels under it, from the left padding on. */
function writeTable(args: DepthwiseF32, table: usize, image: i32, oy: i32): void {
  const x = args.x
  const zeros = args.zeros
  const inHeight = args.inHeight
  const inWidth = args.inWidth
  const pixel = 4 * args.xPixel
  const kernelHeight = args.kernelHeight
  const columns = args.columns
  const padLeft = args.padLeft
  let iy = oy * args.strideHeight - args.padTop
  for (let ky = 0; ky < kernelHeight; ky++) {
    const inside = <u32>iy < <u32>inHeight
    let address = x + ((image * inHeight + iy) * inWidth - padLeft) * pixel
    for (let ix = -padLeft; ix < columns - padLeft; ix++) {
      store<i32>(table, inside && <u32>ix < <u32>inWidth ? address : zeros)
      address += pixel
      table += 4
    }
    iy += args.dilationHeight
  }
}

/** Adds the residual, clamps and stores four channels, or fewer, of an output pixel. */
// @inline
function finish(y: usize, v: v128, channels: i32, hasResidual: bool, residualOffset: usize, lo: v128, hi: v128): void {
  if (channels >= 4) {
    if (hasResidual) v = f32x4.add(v, v128.load(y + residualOffset))
    v128.store(y, clamp(v, lo, hi))
  } else {
    if (hasResidual) v = f32x4.add(v, loadSome(y + residualOffset, channels))
    storeSome(y, clamp(v, lo, hi), channels)
  }
}

// In the following, `w` are the weights of four channels, [channels / 4][bias, then taps][4]; `x` is the offset of the first channel.
// Whole vectors of x are read even where fewer channels are left: what lies behind a pixel does not reach what is stored.

/** Windows 3 wide, stride 1: 4 output pixels from 6 input pixels. */
// biome-ignore format: what is done side by side stands side by side
function row3(
  table: usize, tableRow: usize, kernelHeight: i32, weights: usize, first: usize, count: i32,
  out: usize, pixel: usize, outWidth: i32, hasResidual: bool, residualOffset: usize, lo: v128, hi: v128,
): void {
  for (let left = outWidth; left > 0; left -= 4) {
    let w = weights, x = first, y = out
    for (let c = count; c > 0; c -= 4) {
      let c0 = v128.load(w), c1 = c0, c2 = c0, c3 = c0
      w += 16
      let p = table
      for (let ky = kernelHeight; ky > 0; ky--) {
        const w0 = v128.load(w), w1 = v128.load(w, 16), w2 = v128.load(w, 32)
        const x0 = v128.load(load<i32>(p) + x), x1 = v128.load(load<i32>(p, 4) + x), x2 = v128.load(load<i32>(p, 8) + x)
        const x3 = v128.load(load<i32>(p, 12) + x), x4 = v128.load(load<i32>(p, 16) + x), x5 = v128.load(load<i32>(p, 20) + x)
        c0 = madd(x0, w0, c0); c1 = madd(x1, w0, c1); c2 = madd(x2, w0, c2); c3 = madd(x3, w0, c3)
        c0 = madd(x1, w1, c0); c1 = madd(x2, w1, c1); c2 = madd(x3, w1, c2); c3 = madd(x4, w1, c3)
        c0 = madd(x2, w2, c0); c1 = madd(x3, w2, c1); c2 = madd(x4, w2, c2); c3 = madd(x5, w2, c3)
        w += 48
        p += tableRow
      }
      finish(y, c0, c, hasResidual, residualOffset, lo, hi)
      if (left > 1) finish(y + pixel, c1, c, hasResidual, residualOffset, lo, hi)
      if (left > 2) finish(y + 2 * pixel, c2, c, hasResidual, residualOffset, lo, hi)
      if (left > 3) finish(y + 3 * pixel, c3, c, hasResidual, residualOffset, lo, hi)
      x += 16
      y += 16
    }
    table += 16
    out += 4 * pixel
  }
}

/** Windows 3 wide, stride 2: 2 output pixels from 5 input pixels. */
// biome-ignore format: what is done side by side stands side by side
function row3stride2(
  table: usize, tableRow: usize, kernelHeight: i32, weights: usize, first: usize, count: i32,
  out: usize, pixel: usize, outWidth: i32, hasResidual: bool, residualOffset: usize, lo: v128, hi: v128,
): void {
  for (let left = outWidth; left > 0; left -= 2) {
    let w = weights, x = first, y = out
    for (let c = count; c > 0; c -= 4) {
      let c0 = v128.load(w), c1 = c0
      w += 16
      let p = table
      for (let ky = kernelHeight; ky > 0; ky--) {
        const w0 = v128.load(w), w1 = v128.load(w, 16), w2 = v128.load(w, 32)
        const x0 = v128.load(load<i32>(p) + x), x1 = v128.load(load<i32>(p, 4) + x), x2 = v128.load(load<i32>(p, 8) + x)
        const x3 = v128.load(load<i32>(p, 12) + x), x4 = v128.load(load<i32>(p, 16) + x)
        c0 = madd(x0, w0, c0); c1 = madd(x2, w0, c1)
        c0 = madd(x1, w1, c0); c1 = madd(x3, w1, c1)
        c0 = madd(x2, w2, c0); c1 = madd(x4, w2, c1)
        w += 48
        p += tableRow
      }
      finish(y, c0, c, hasResidual, residualOffset, lo, hi)
      if (left > 1) finish(y + pixel, c1, c, hasResidual, residualOffset, lo, hi)
      x += 16
      y += 16
    }
    table += 16
    out += 2 * pixel
  }
}

/** Windows 5 wide, stride 1: 2 output pixels from 6 input pixels. */
// biome-ignore format: what is done side by side stands side by side
function row5(
  table: usize, tableRow: usize, kernelHeight: i32, weights: usize, first: usize, count: i32,
  out: usize, pixel: usize, outWidth: i32, hasResidual: bool, residualOffset: usize, lo: v128, hi: v128,
): void {
  for (let left = outWidth; left > 0; left -= 2) {
    let w = weights, x = first, y = out
    for (let c = count; c > 0; c -= 4) {
      let c0 = v128.load(w), c1 = c0
      w += 16
      let p = table
      for (let ky = kernelHeight; ky > 0; ky--) {
        const w0 = v128.load(w), w1 = v128.load(w, 16), w2 = v128.load(w, 32), w3 = v128.load(w, 48), w4 = v128.load(w, 64)
        const x0 = v128.load(load<i32>(p) + x), x1 = v128.load(load<i32>(p, 4) + x), x2 = v128.load(load<i32>(p, 8) + x)
        const x3 = v128.load(load<i32>(p, 12) + x), x4 = v128.load(load<i32>(p, 16) + x), x5 = v128.load(load<i32>(p, 20) + x)
        c0 = madd(x0, w0, c0); c1 = madd(x1, w0, c1)
        c0 = madd(x1, w1, c0); c1 = madd(x2, w1, c1)
        c0 = madd(x2, w2, c0); c1 = madd(x3, w2, c1)
        c0 = madd(x3, w3, c0); c1 = madd(x4, w3, c1)
        c0 = madd(x4, w4, c0); c1 = madd(x5, w4, c1)
        w += 80
        p += tableRow
      }
      finish(y, c0, c, hasResidual, residualOffset, lo, hi)
      if (left > 1) finish(y + pixel, c1, c, hasResidual, residualOffset, lo, hi)
      x += 16
      y += 16
    }
    table += 8
    out += 2 * pixel
  }
}

/** Any window: 4 output pixels, tap by tap. `stride` and `dilation` are bytes of the table. */
function rowAny(
  table: usize,
  tableRow: usize,
  kernelHeight: i32,
  kernelWidth: i32,
  stride: usize,
  dilation: usize,
  weights: usize,
  first: usize,
  count: i32,
  out: usize,
  pixel: usize,
  outWidth: i32,
  hasResidual: bool,
  residualOffset: usize,
  lo: v128,
  hi: v128,
): void {
  for (let left = outWidth; left > 0; left -= 4) {
    let w = weights
    let x = first
    let y = out
    for (let c = count; c > 0; c -= 4) {
      let c0 = v128.load(w)
      let c1 = c0
      let c2 = c0
      let c3 = c0
      w += 16
      let p = table
      for (let ky = kernelHeight; ky > 0; ky--) {
        let q = p
        for (let kx = kernelWidth; kx > 0; kx--) {
          const wk = v128.load(w)
          c0 = madd(v128.load(load<i32>(q) + x), wk, c0)
          c1 = madd(v128.load(load<i32>(q + stride) + x), wk, c1)
          c2 = madd(v128.load(load<i32>(q + 2 * stride) + x), wk, c2)
          c3 = madd(v128.load(load<i32>(q + 3 * stride) + x), wk, c3)
          w += 16
          q += dilation
        }
        p += tableRow
      }
      finish(y, c0, c, hasResidual, residualOffset, lo, hi)
      if (left > 1) finish(y + pixel, c1, c, hasResidual, residualOffset, lo, hi)
      if (left > 2) finish(y + 2 * pixel, c2, c, hasResidual, residualOffset, lo, hi)
      if (left > 3) finish(y + 3 * pixel, c3, c, hasResidual, residualOffset, lo, hi)
      x += 16
      y += 16
    }
    table += 4 * stride
    out += 4 * pixel
  }
}
