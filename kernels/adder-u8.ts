// Adder (L1) convolution of unsigned bytes: Σ|x − w| in integers, exactly.
//
//     Σ|x − w| = 2·Σ(w ∸ x) + Σx − Σw,     w ∸ x = max(w − x, 0), one saturating subtraction of 16 bytes
//
// Σx is one sum per patch, Σw one per filter. A term w ∸ x is never more than w: padding behind the reduction (w = 0) adds nothing, and how
// many terms fit into a byte can be read off the packed weights: with b bits 2^(8−b) always do, with weights as they are often more.
// So sums are kept in bytes for `terms` turns (1, 2, 4 or 8), then in 16 bits (128 widened sums of at most 2·255), then in 32.
//
// A vector holds 4 neighbouring taps of 4 output channels; the 4 inputs come as one 32-bit broadcast load, which costs no vector slot, and
// the pairwise widening leaves the channels in order. The reduction is not unrolled: V8 would move the loads of a longer block to its front
// and spill. See docs/decisions/0011.

import { at, makeRows } from './adder-patches'
import { finishBytes, finishFloats } from './adder-finish'
import { shareStart } from './sync'

/** Widened sums that fit into 16 bits. */
const mostWidened: i32 = 128

/** Arguments: see `adderU8` in src/runtime/wasm/abi.ts. */
export function adderU8(args: usize, thread: i32, threads: i32): void {
  const most = load<i32>(args, at.scratchThreads)
  if (threads > most) threads = most
  if (thread >= threads) return

  const rowBytes = <usize>load<i32>(args, at.rowBytes)
  const blockRows = load<i32>(args, at.blockRows)
  const groups = load<i32>(args, at.groups)
  const direct = load<i32>(args, at.direct)
  const terms = load<i32>(args, at.terms)
  const inChannels = load<i32>(args, at.inChannels)
  const run = inChannels / groups
  const outChannels = load<i32>(args, at.outChannels)
  const columns = outChannels / groups
  const groupPanels = (columns + 7) / 8
  const panels = groupPanels * groups
  const pixels = load<i32>(args, at.batch) * load<i32>(args, at.outHeight) * load<i32>(args, at.outWidth)
  const weights = <usize>load<i32>(args, at.weights)
  const filters = <usize>load<i32>(args, at.filters)
  const x = <usize>load<i32>(args, at.x)
  const toBytes = load<i32>(args, at.toBytes)

  // The thread's scratch memory: results of one panel, sums of rows, rows.
  const results = <usize>load<i32>(args, at.scratch) + <usize>load<i32>(args, at.scratchBytes) * thread
  const sums = results + 32 * <usize>blockRows
  const made = sums + 4 * <usize>blockRows

  let firstPixel = 0, endPixel = pixels, firstPanel = 0, endPanel = panels
  if (load<i32>(args, at.byChannels)) {
    firstPanel = shareStart(panels, 1, thread, threads)
    endPanel = shareStart(panels, 1, thread + 1, threads)
  } else {
    firstPixel = shareStart(pixels, 12, thread, threads)
    endPixel = shareStart(pixels, 12, thread + 1, threads)
  }
  for (let pixel = firstPixel; pixel < endPixel; ) {
    let count = min(blockRows, endPixel - pixel)
    let rows = made
    // Tiles read whole rows only: the last few are copied even where the input already is what rows would be.
    if (direct && count >= 12) {
      count -= count % 12
      rows = x + rowBytes * <usize>pixel
    }
    for (let panel = firstPanel; panel < endPanel; ) {
      const group = panel / groupPanels
      const end = min(endPanel, (group + 1) * groupPanels)
      if (rows == made)
        makeRows<u8>(args, rows, pixel, count, run * group, run, inChannels, load<i32>(args, at.padCode), 0, 0)
      sumRows(rows, rowBytes, count, sums)
      for (; panel < end; panel++) {
        const w = weights + rowBytes * 8 * <usize>panel
        const column = 8 * (panel - group * groupPanels)
        const filter = filters + 96 * <usize>panel
        const out = pixel * outChannels + group * columns + column
        product(rows, rowBytes, count, w, terms, results)
        if (toBytes) finishBytes(args, results, sums, count, filter, out, columns - column)
        else finishFloats(args, results, sums, count, filter, out, columns - column)
      }
    }
    pixel += count
  }
}

/** The sum of the bytes of each row. */
function sumRows(rows: usize, rowBytes: usize, count: i32, sums: usize): void {
  for (let i = 0; i < count; i++) {
    let sum = i32x4.splat(0)
    for (const end = rows + rowBytes; rows < end; rows += 16)
      sum = i32x4.add(sum, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(v128.load(rows))))
    sum = i32x4.add(sum, v128.shuffle<i32>(sum, sum, 2, 3, 0, 1))
    store<i32>(sums, i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1))
    sums += 4
  }
}

/**
 * results[row][8 filters] = Σ(w ∸ x) as i32, for all rows (in whole tiles) against one panel of weights. What follows is a pass of its own
 * (kernels/adder-finish.ts): in the tiles it would cost registers, and at 6 bits a tenth of the speed.
 */
function product(rows: usize, rowBytes: usize, count: i32, w: usize, terms: i32, results: usize): void {
  let turns = <i32>rowBytes / (4 * terms)
  let add = false
  // 16 KiB of weights at a time: they stay in the first cache while all rows pass.
  const most = terms == 8 ? mostWidened / 2 : mostWidened
  while (turns > 0) {
    const part = min(turns, most)
    if (terms == 1) tile4x8of1(rows, rowBytes, count, w, part, results, add)
    else if (terms == 2) tile2x8of2(rows, rowBytes, count, w, part, results, add)
    else tile3x8(rows, rowBytes, count, w, terms, part, results, add)
    rows += 4 * terms * part
    w += 32 * terms * part
    turns -= part
    add = true
  }
}

// @ts-ignore: decorator
@inline
function widen(sum: v128, bytes: v128): v128 {
  return i16x8.add(sum, i16x8.extadd_pairwise_i8x16_u(bytes))
}

// @ts-ignore: decorator
@inline
function collect(results: usize, low: v128, high: v128, add: bool): void {
  const wide0 = i32x4.extadd_pairwise_i16x8_u(low), wide1 = i32x4.extadd_pairwise_i16x8_u(high)
  v128.store(results, add ? i32x4.add(wide0, v128.load(results)) : wide0)
  v128.store(results, add ? i32x4.add(wide1, v128.load(results, 16)) : wide1, 16)
}

// @ts-ignore: decorator
@inline
function saved(w: v128, x: v128): v128 {
  return v128.sub_sat<u8>(w, x)
}

/** One term a byte: 8 bits. */
// prettier-ignore
function tile4x8of1(
  rows: usize, rowBytes: usize, count: i32, panel: usize, turns: i32, results: usize, add: bool,
): void {
  for (; count > 0; count -= 4) {
    let a0 = rows, a1 = a0 + rowBytes, a2 = a1 + rowBytes, a3 = a2 + rowBytes
    let s00 = i16x8.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00
    let w = panel
    let n = turns
    do {
      const w0 = v128.load(w), w1 = v128.load(w, 16)
      const x0 = v128.load32_splat(a0)
      s00 = widen(s00, saved(w0, x0)); s01 = widen(s01, saved(w1, x0))
      const x1 = v128.load32_splat(a1)
      s10 = widen(s10, saved(w0, x1)); s11 = widen(s11, saved(w1, x1))
      const x2 = v128.load32_splat(a2)
      s20 = widen(s20, saved(w0, x2)); s21 = widen(s21, saved(w1, x2))
      const x3 = v128.load32_splat(a3)
      s30 = widen(s30, saved(w0, x3)); s31 = widen(s31, saved(w1, x3))
      a0 += 4; a1 += 4; a2 += 4; a3 += 4
      w += 32
    } while (--n)
    collect(results, s00, s01, add)
    collect(results + 32, s10, s11, add)
    collect(results + 64, s20, s21, add)
    collect(results + 96, s30, s31, add)
    results += 128
    rows += 4 * rowBytes
  }
}

/** Two terms a byte: 7 bits. */
// prettier-ignore
function tile2x8of2(
  rows: usize, rowBytes: usize, count: i32, panel: usize, turns: i32, results: usize, add: bool,
): void {
  for (; count > 0; count -= 2) {
    let a0 = rows, a1 = a0 + rowBytes
    let s00 = i16x8.splat(0), s01 = s00, s10 = s00, s11 = s00
    let w = panel
    let n = turns
    do {
      const w0 = v128.load(w), w1 = v128.load(w, 16), w2 = v128.load(w, 32), w3 = v128.load(w, 48)
      const x0 = v128.load32_splat(a0), x2 = v128.load32_splat(a0, 4)
      s00 = widen(s00, i8x16.add(saved(w0, x0), saved(w2, x2)))
      s01 = widen(s01, i8x16.add(saved(w1, x0), saved(w3, x2)))
      const x1 = v128.load32_splat(a1), x3 = v128.load32_splat(a1, 4)
      s10 = widen(s10, i8x16.add(saved(w0, x1), saved(w2, x3)))
      s11 = widen(s11, i8x16.add(saved(w1, x1), saved(w3, x3)))
      a0 += 8; a1 += 8
      w += 64
    } while (--n)
    collect(results, s00, s01, add)
    collect(results + 32, s10, s11, add)
    results += 64
    rows += 2 * rowBytes
  }
}

/** `terms` (4 or 8) terms a byte: 6 and 5 bits. The 16-bit sums are touched once in a while only: they are the ones that may be spilled. */
// prettier-ignore
function tile3x8(
  rows: usize, rowBytes: usize, count: i32, panel: usize, terms: i32, turns: i32, results: usize, add: bool,
): void {
  for (; count > 0; count -= 3) {
    let a0 = rows, a1 = a0 + rowBytes, a2 = a1 + rowBytes
    let s00 = i16x8.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00
    let w = panel
    let n = turns
    do {
      // The first term of each byte starts the sum: a sixth of the work at 6 bits would be adding to 0.
      const u0 = v128.load(w), u1 = v128.load(w, 16)
      const v0 = v128.load32_splat(a0), v1 = v128.load32_splat(a1), v2 = v128.load32_splat(a2)
      let b00 = saved(u0, v0), b01 = saved(u1, v0)
      let b10 = saved(u0, v1), b11 = saved(u1, v1)
      let b20 = saved(u0, v2), b21 = saved(u1, v2)
      a0 += 4; a1 += 4; a2 += 4
      w += 32
      let k = terms - 1
      do {
        const w0 = v128.load(w), w1 = v128.load(w, 16)
        const x0 = v128.load32_splat(a0)
        b00 = i8x16.add(b00, saved(w0, x0)); b01 = i8x16.add(b01, saved(w1, x0))
        const x1 = v128.load32_splat(a1)
        b10 = i8x16.add(b10, saved(w0, x1)); b11 = i8x16.add(b11, saved(w1, x1))
        const x2 = v128.load32_splat(a2)
        b20 = i8x16.add(b20, saved(w0, x2)); b21 = i8x16.add(b21, saved(w1, x2))
        a0 += 4; a1 += 4; a2 += 4
        w += 32
      } while (--k)
      s00 = widen(s00, b00); s01 = widen(s01, b01)
      s10 = widen(s10, b10); s11 = widen(s11, b11)
      s20 = widen(s20, b20); s21 = widen(s21, b21)
    } while (--n)
    collect(results, s00, s01, add)
    collect(results + 32, s10, s11, add)
    collect(results + 64, s20, s21, add)
    results += 96
    rows += 3 * rowBytes
  }
}
