// Float32 convolution with weights many of which are 0: y[p, o] = b[o] + Σ over the weights of o that are not 0 of x[pointer(p, tap) + c] · w, NHWC.
//
// Work goes in tiles of 16 output pixels. What lies under a tile is copied into the thread's scratch memory first, turned: a row for each tap and input
// channel, with the 16 pixels side by side. A weight is then one product with 4 vectors, wherever its channel is, so that zeros can be left out one by one.
// Turning costs an input channel about as much as 3 weights, of the hundreds that read it. Sums of 4 output channels are turned back together.
//
// The sums are those of `convF32` to the bit: the same products in the same order, but for those that are 0. Where a tile has infinities or NaN, whose
// product with 0 is NaN, none is left out.

import { writeTable } from './conv-table'
import { clamp, loadSome, madd, storeSome } from './simd'
import { pieceEnd, shareStart, takePiece } from './sync'
import { convTileRows, SparseConvF32, SparseDenseF32, sparseTileRows, sparseWeightBytes } from './table.generated'

const rowBytes: usize = 4 * <usize>sparseTileRows
/** Channels that are turned for one part of a tile before the next. */
const turnedTogether: i32 = 64

export function sparseConvF32(args: SparseConvF32, thread: i32, threads: i32): void {
  const most = args.scratchThreads
  if (threads > most) threads = most
  if (thread >= threads) return

  const taps = args.kernelHeight * args.kernelWidth
  const channels = args.channels
  const outChannels = args.outChannels
  const blockChannels = args.blockChannels
  const starts = args.starts
  const weights = args.weights
  const pixels = args.batch * args.outHeight * args.outWidth
  const tiles = (pixels + sparseTileRows - 1) / sparseTileRows
  const blocks = (outChannels + blockChannels - 1) / blockChannels

  const sums = args.scratch + <usize>args.scratchBytes * thread
  const tile = sums + 4 * rowBytes
  const table = tile + rowBytes * (taps * channels)

  const items = tiles * blocks
  // The tile that is turned.
  let turned = -1
  let finite = true
  for (;;) {
    const piece = takePiece(items, 1, 1, items, thread, threads)
    if (piece < 0) return
    for (let item = piece, end = pieceEnd; item < end; item++) {
      const t = item / blocks
      const block = item % blocks
      const first = t * sparseTileRows
      if (t !== turned) {
        writeTable(args, table, first, sparseTileRows, pixels)
        finite = turn(table, tile, taps, channels)
        turned = t
      }
      let w = weights + load<i32>(starts + <usize>(block * blockChannels))
      const last = min(outChannels, (block + 1) * blockChannels)
      for (let o = block * blockChannels; o < last; o += 4) {
        const columns = min(4, last - o)
        for (let i = 0; i < columns; i++) {
          const to = sums + rowBytes * i
          w = finite ? products(w, tile, to) : allProducts(w, tile, to, args, o + i)
        }
        finish(args, sums, table, taps, min(sparseTileRows, pixels - first), 4 * <usize>o, columns)
      }
    }
  }
}

// @inline
function low(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23)
}

// @inline
function high(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31)
}

// @inline
function lowPairs(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
}

// @inline
function highPairs(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)
}

/** What lies under a tile, turned: rows of 16 pixels, for each tap those of all channels. @returns whether all of it is finite */
// biome-ignore format: what is done side by side stands side by side
function turn(table: usize, tile: usize, taps: i32, channels: i32): bool {
  const partBytes = <usize>(4 * convTileRows * (1 + taps))
  let seen = f32x4.splat(0)
  for (let t = 0; t < taps; t++) {
    for (let from = 0; from < channels; from += turnedTogether) {
      const count = min(turnedTogether, channels - from)
      for (let part: usize = 0; part < 4; part++) {
        const entry = table + partBytes * part + 16 * <usize>(1 + t)
        const skip = 4 * <usize>from
        let a0 = <usize>load<i32>(entry, 0) + skip
        let a1 = <usize>load<i32>(entry, 4) + skip
        let a2 = <usize>load<i32>(entry, 8) + skip
        let a3 = <usize>load<i32>(entry, 12) + skip
        let to = tile + rowBytes * (t * channels + from) + 16 * part
        let k = count
        for (; k >= 4; k -= 4) {
          const r0 = v128.load(a0), r1 = v128.load(a1), r2 = v128.load(a2), r3 = v128.load(a3)
          seen = f32x4.add(seen, f32x4.add(f32x4.add(r0, r1), f32x4.add(r2, r3)))
          const l0 = low(r0, r1), h0 = high(r0, r1), l1 = low(r2, r3), h1 = high(r2, r3)
          v128.store(to, lowPairs(l0, l1))
          v128.store(to + rowBytes, highPairs(l0, l1))
          v128.store(to + 2 * rowBytes, lowPairs(h0, h1))
          v128.store(to + 3 * rowBytes, highPairs(h0, h1))
          a0 += 16; a1 += 16; a2 += 16; a3 += 16
          to += 4 * rowBytes
        }
        for (; k > 0; k--) {
          let v = v128.load32_zero(a0)
          v = v128.load32_lane(a1, v, 1)
          v = v128.load32_lane(a2, v, 2)
          v = v128.load32_lane(a3, v, 3)
          seen = f32x4.add(seen, v)
          v128.store(to, v)
          a0 += 4; a1 += 4; a2 += 4; a3 += 4
          to += rowBytes
        }
      }
    }
  }
  // Infinity less itself is NaN. Finite values whose sum is not are taken for infinite, which is slow and right.
  return i32x4.all_true(f32x4.eq(f32x4.sub(seen, seen), f32x4.splat(0)))
}

/** The sums of an output channel for a tile. @returns where its weights end */
// biome-ignore format: what is done side by side stands side by side
function products(w: usize, tile: usize, to: usize): usize {
  let c0 = v128.load32_splat(w)
  let c1 = c0, c2 = c0, c3 = c0
  const end = w + sparseWeightBytes * (1 + load<i32>(w, 4))
  for (w += sparseWeightBytes; w < end; w += sparseWeightBytes) {
    const x = tile + <usize>load<i32>(w)
    const v = v128.load32_splat(w, 4)
    c0 = madd(v128.load(x), v, c0)
    c1 = madd(v128.load(x, 16), v, c1)
    c2 = madd(v128.load(x, 32), v, c2)
    c3 = madd(v128.load(x, 48), v, c3)
  }
  v128.store(to, c0); v128.store(to, c1, 16); v128.store(to, c2, 32); v128.store(to, c3, 48)
  return end
}

/** The same with the products of weights that are 0. @param channel which output channel it is */
// biome-ignore format: what is done side by side stands side by side
function allProducts(w: usize, tile: usize, to: usize, args: SparseConvF32, channel: i32): usize {
  let c0 = v128.load32_splat(w)
  let c1 = c0, c2 = c0, c3 = c0
  const end = w + sparseWeightBytes * (1 + load<i32>(w, 4))
  const perGroup = args.channels / args.groups
  const firstRow = (channel / (args.outChannels / args.groups)) * perGroup
  w += sparseWeightBytes
  for (let t = 0; t < args.kernelHeight * args.kernelWidth; t++) {
    let row = rowBytes * (t * args.channels + firstRow)
    for (let c = perGroup; c > 0; c--) {
      const stored = w < end && <usize>load<i32>(w) === row
      const v = stored ? v128.load32_splat(w, 4) : f32x4.splat(0)
      if (stored) w += sparseWeightBytes
      const x = tile + row
      c0 = madd(v128.load(x), v, c0)
      c1 = madd(v128.load(x, 16), v, c1)
      c2 = madd(v128.load(x, 32), v, c2)
      c3 = madd(v128.load(x, 48), v, c3)
      row += rowBytes
    }
  }
  v128.store(to, c0); v128.store(to, c1, 16); v128.store(to, c2, 32); v128.store(to, c3, 48)
  return end
}

/** Up to 4 output channels of `count` pixels: residual, limits, and into y. */
// biome-ignore format: what is done side by side stands side by side
function finish(args: SparseConvF32, sums: usize, table: usize, taps: i32, count: i32, yOffset: usize, columns: i32): void {
  const hasResidual = args.residual !== 0
  const residualOffset = args.residual - args.y
  const lo = f32x4.splat(args.lo), hi = f32x4.splat(args.hi)
  const partBytes = <usize>(4 * convTileRows * (1 + taps))
  for (; count > 0; count -= convTileRows) {
    const r0 = v128.load(sums), r1 = v128.load(sums, rowBytes), r2 = v128.load(sums, 2 * rowBytes), r3 = v128.load(sums, 3 * rowBytes)
    const l0 = low(r0, r1), h0 = high(r0, r1), l1 = low(r2, r3), h1 = high(r2, r3)
    v128.store(sums, lowPairs(l0, l1)); v128.store(sums, highPairs(l0, l1), rowBytes)
    v128.store(sums, lowPairs(h0, h1), 2 * rowBytes); v128.store(sums, highPairs(h0, h1), 3 * rowBytes)
    // Pixels that only fill the tile up are left: a residual that is y would be read after it has been written.
    for (let i = 0; i < min(count, convTileRows); i++) {
      const y = <usize>load<i32>(table + 4 * i) + yOffset
      let v = v128.load(sums + rowBytes * i)
      if (columns === 4) {
        if (hasResidual) v = f32x4.add(v, v128.load(y + residualOffset))
        v128.store(y, clamp(v, lo, hi))
      } else {
        if (hasResidual) v = f32x4.add(v, loadSome(y + residualOffset, columns))
        storeSome(y, clamp(v, lo, hi), columns)
      }
    }
    sums += 16
    table += partBytes
  }
}

/** y = x · W for one row x. Four sums, so that products do not wait for each other. */
// biome-ignore format: what is done side by side stands side by side
export function sparseDenseF32(args: SparseDenseF32, thread: i32, threads: i32): void {
  const x = args.x
  const inFeatures = args.inFeatures
  const lo = args.lo, hi = args.hi
  let seen: f32 = 0
  for (let k = 0; k < inFeatures; k++) seen += load<f32>(x + 4 * <usize>k)
  const finite = seen - seen === 0
  const first = shareStart(args.outFeatures, 16, thread, threads)
  const last = shareStart(args.outFeatures, 16, thread + 1, threads)
  if (first >= last) return
  let w = args.weights + load<i32>(args.starts + <usize>first)
  for (let o = first; o < last; o++) {
    let v = load<f32>(w)
    const end = w + sparseWeightBytes * (1 + load<i32>(w, 4))
    w += sparseWeightBytes
    if (!finite) v += spoilt(w, end, x, inFeatures)
    let s0: f32 = 0, s1: f32 = 0, s2: f32 = 0, s3: f32 = 0
    for (; w + 3 * sparseWeightBytes < end; w += 4 * sparseWeightBytes) {
      s0 += load<f32>(x + load<i32>(w)) * load<f32>(w, 4)
      s1 += load<f32>(x + load<i32>(w, 8)) * load<f32>(w, 12)
      s2 += load<f32>(x + load<i32>(w, 16)) * load<f32>(w, 20)
      s3 += load<f32>(x + load<i32>(w, 24)) * load<f32>(w, 28)
    }
    for (; w < end; w += sparseWeightBytes) s0 += load<f32>(x + load<i32>(w)) * load<f32>(w, 4)
    v += s0 + s1 + (s2 + s3)
    store<f32>(args.y + 4 * <usize>o, v < lo ? lo : v > hi ? hi : v)
  }
}

/** What weights of 0 add to a sum: 0, or NaN. */
function spoilt(w: usize, end: usize, x: usize, inFeatures: i32): f32 {
  let sum: f32 = 0
  for (let k = 0; k < inFeatures; k++) {
    if (w < end && load<i32>(w) === 4 * k) w += sparseWeightBytes
    else sum += load<f32>(x + 4 * <usize>k) * 0
  }
  return sum
}
