// Float32 adder (L1) convolution: Y = −Σ|X − W|.
//
//     Σ|x − w| = 2·Σ max(x', w') − Σx' − Σw',     x' = x + s, w' = w + s
//
// Σx' is one sum per patch, Σw' one per filter, so the inner loop is a maximum and an addition. The maximum is taken of the bits as signed
// integers: as w' ≥ 0 by the choice of the shift s = max(0, −min w), that is the maximum of the floats (two floats compare like their bits
// unless both are negative). An integer maximum runs on every vector unit; f32x4.pmax shares two units with the addition on current x86
// and halves the speed. The shift is added to the input while it is copied.
//
// The reduction goes in runs (channels of one tap) and these in parts of about 256 taps, each a sum that begins at its share of −½(Σx' + Σw'): what
// it passes through stays of the size of its result, so that nothing cancels at the end. See docs/decisions/0011.

import { aligned, blockAt, endPanel, endPixel, firstPanel, firstPixel, lineOf, makePatches, takeWork, writeOffsets } from './adder-patches'
import { clamp, loadSome, storeSome } from './simd'
import { AdderBlocks, AdderF32, adderFilterRows, panelWidth } from './table.generated'

export function adderF32(args: AdderF32, thread: i32, threads: i32): void {
  const most = args.scratchThreads
  if (threads > most) threads = most
  if (thread >= threads) return

  const yPixel = args.yPixel
  const groups = args.groups
  const columns = args.outChannels / groups
  const groupPanels = (columns + panelWidth - 1) / panelWidth
  const panels = groupPanels * groups
  const run = args.run
  const runs = args.runs
  const partRuns = args.partRuns
  const parts = (runs + partRuns - 1) / partRuns
  const panelBytes = 4 * <usize>(panelWidth * (run * runs + parts))
  const weights = args.weights
  // Of weights that are packed while running (kernels/pack.ts) the shift lies in memory.
  const shiftAt = args.shiftAt
  const shift = shiftAt ? load<f32>(shiftAt) : args.shift
  const pixelBytes = <usize>args.pixelBytes

  const filters = args.filters
  const y = args.y
  const residual = args.residual
  const lo = f32x4.splat(args.lo)
  const hi = f32x4.splat(args.hi)

  // The thread's scratch memory.
  const block = <usize>((args.blockLines * args.blockColumns + 3) & ~3)
  const offsets = args.scratch + <usize>args.scratchBytes * thread
  const pixelSums = offsets + aligned(4 * <usize>runs)
  const sums = pixelSums + aligned(4 * <usize>(args.lines * args.columns) + 64)
  const bases = sums + aligned(4 * block + 16)
  const totals = bases + aligned(4 * block)
  const patches = totals + 128
  writeOffsets(args, offsets, pixelBytes, 4 * <usize>run)

  while (takeWork(args, panels, thread, threads))
    for (let pixel = firstPixel, count = 0; pixel < endPixel; pixel += count) {
      count = blockAt(args, pixel, endPixel)
      writeBases(args, bases, patches, pixelBytes, count)
      for (let panel = firstPanel; panel < endPanel; ) {
        const group = panel / groupPanels
        const end = min(endPanel, (group + 1) * groupPanels)
        makePatches(args, pixel, count, group, patches, pixelSums, sums, shift, -0.5 / <f32>parts)
        for (let i = count; i & 3; i++) store<f32>(sums + 4 * <usize>i, load<f32>(sums + 4 * <usize>(count - 1)))
        for (; panel < end; panel++) {
          const column = panelWidth * (panel - group * groupPanels)
          tile4x8(
            count,
            bases,
            sums,
            totals,
            offsets,
            runs,
            run,
            partRuns,
            weights + panelBytes * panel,
            y + 4 * <usize>(pixel * yPixel + group * columns + column),
            4 * <usize>yPixel,
            residual !== 0,
            residual - y,
            columns - column,
            filters + 4 * <usize>(adderFilterRows * panelWidth * panel),
            lo,
            hi,
          )
        }
      }
    }
}

/** Where each output pixel's window begins among the copied pixels; the last is repeated up to a whole tile. */
function writeBases(args: AdderBlocks, to: usize, patches: usize, pixelBytes: usize, count: i32): void {
  const across = lineOf(args, count)
  const asRows = args.asRows
  const step = pixelBytes * <usize>(asRows ? 1 : args.strideWidth)
  const lineStep = asRows ? 0 : pixelBytes * <usize>(args.strideHeight * args.columns)
  let base = patches
  for (let first = 0; first < count; first += across) {
    base = patches
    for (let i = 0; i < across; i++) {
      store<i32>(to, <i32>base)
      to += 4
      base += step
    }
    patches += lineStep
  }
  for (let i = count; i & 3; i++) {
    store<i32>(to, <i32>(base - step))
    to += 4
  }
}

// @inline
function plusMax(sum: v128, x: v128, w: v128): v128 {
  return f32x4.add(sum, i32x4.max_s(x, w))
}

/**
 * y = clamp(a[o]·½Σ|x − w| + b[o] + residual) with a = −2 times the filter's factor, for a block against one panel of 8 filters: for each part
 * −½Σw', then its weights. One tap a turn, as in conv-f32.ts.
 * @param totals room for what the parts before came to
 */
// biome-ignore format: what is done side by side stands side by side
function tile4x8(
  count: i32, bases: usize, sums: usize, totals: usize, offsets: usize, runs: i32, run: i32, partRuns: i32, panel: usize,
  y: usize, pixelBytes: usize, hasResidual: bool, residualOffset: usize, columns: i32, filter: usize, lo: v128, hi: v128,
): void {
  for (; count > 0; count -= 4) {
    let c00: v128, c01: v128, c10: v128, c11: v128, c20: v128, c21: v128, c30: v128, c31: v128
    let w = panel
    let offset = offsets
    let left = runs
    let add = false
    while (true) {
      const f0 = v128.load(w), f1 = v128.load(w, 16)
      w += 32
      const v0 = v128.load32_splat(sums), v1 = v128.load32_splat(sums, 4)
      c00 = f32x4.add(f0, v0); c01 = f32x4.add(f1, v0)
      c10 = f32x4.add(f0, v1); c11 = f32x4.add(f1, v1)
      const v2 = v128.load32_splat(sums, 8), v3 = v128.load32_splat(sums, 12)
      c20 = f32x4.add(f0, v2); c21 = f32x4.add(f1, v2)
      c30 = f32x4.add(f0, v3); c31 = f32x4.add(f1, v3)
      let n = min(left, partRuns)
      left -= n
      do {
        const from = <usize>load<i32>(offset)
        offset += 4
        let a0 = <usize>load<i32>(bases) + from
        let a1 = <usize>load<i32>(bases, 4) + from
        let a2 = <usize>load<i32>(bases, 8) + from
        let a3 = <usize>load<i32>(bases, 12) + from
        let k = run
        do {
          const w0 = v128.load(w), w1 = v128.load(w, 16)
          const x0 = v128.load32_splat(a0)
          c00 = plusMax(c00, x0, w0); c01 = plusMax(c01, x0, w1)
          const x1 = v128.load32_splat(a1)
          c10 = plusMax(c10, x1, w0); c11 = plusMax(c11, x1, w1)
          const x2 = v128.load32_splat(a2)
          c20 = plusMax(c20, x2, w0); c21 = plusMax(c21, x2, w1)
          const x3 = v128.load32_splat(a3)
          c30 = plusMax(c30, x3, w0); c31 = plusMax(c31, x3, w1)
          a0 += 4; a1 += 4; a2 += 4; a3 += 4
          w += 32
        } while (--k)
      } while (--n)
      if (add) {
        c00 = f32x4.add(c00, v128.load(totals)); c01 = f32x4.add(c01, v128.load(totals, 16))
        c10 = f32x4.add(c10, v128.load(totals, 32)); c11 = f32x4.add(c11, v128.load(totals, 48))
        c20 = f32x4.add(c20, v128.load(totals, 64)); c21 = f32x4.add(c21, v128.load(totals, 80))
        c30 = f32x4.add(c30, v128.load(totals, 96)); c31 = f32x4.add(c31, v128.load(totals, 112))
      }
      if (left === 0) break
      v128.store(totals, c00); v128.store(totals, c01, 16)
      v128.store(totals, c10, 32); v128.store(totals, c11, 48)
      v128.store(totals, c20, 64); v128.store(totals, c21, 80)
      v128.store(totals, c30, 96); v128.store(totals, c31, 112)
      add = true
    }
    const m0 = v128.load(filter), m1 = v128.load(filter, 16), b0 = v128.load(filter, 32), b1 = v128.load(filter, 48)
    c00 = affine(c00, m0, b0); c01 = affine(c01, m1, b1)
    c10 = affine(c10, m0, b0); c11 = affine(c11, m1, b1)
    c20 = affine(c20, m0, b0); c21 = affine(c21, m1, b1)
    c30 = affine(c30, m0, b0); c31 = affine(c31, m1, b1)
    // Rows beyond the end repeat the last. All residuals are read before anything is stored, since they may be written in place.
    const y1 = count > 1 ? y + pixelBytes : y
    const y2 = count > 2 ? y1 + pixelBytes : y1
    const y3 = count > 3 ? y2 + pixelBytes : y2
    if (columns >= 8) {
      if (hasResidual) {
        c00 = f32x4.add(c00, v128.load(y + residualOffset)); c01 = f32x4.add(c01, v128.load(y + residualOffset, 16))
        c10 = f32x4.add(c10, v128.load(y1 + residualOffset)); c11 = f32x4.add(c11, v128.load(y1 + residualOffset, 16))
        c20 = f32x4.add(c20, v128.load(y2 + residualOffset)); c21 = f32x4.add(c21, v128.load(y2 + residualOffset, 16))
        c30 = f32x4.add(c30, v128.load(y3 + residualOffset)); c31 = f32x4.add(c31, v128.load(y3 + residualOffset, 16))
      }
      v128.store(y, clamp(c00, lo, hi)); v128.store(y, clamp(c01, lo, hi), 16)
      v128.store(y1, clamp(c10, lo, hi)); v128.store(y1, clamp(c11, lo, hi), 16)
      v128.store(y2, clamp(c20, lo, hi)); v128.store(y2, clamp(c21, lo, hi), 16)
      v128.store(y3, clamp(c30, lo, hi)); v128.store(y3, clamp(c31, lo, hi), 16)
    } else {
      if (hasResidual) {
        c00 = f32x4.add(c00, loadSome(y + residualOffset, columns)); c01 = f32x4.add(c01, loadSome(y + residualOffset + 16, columns - 4))
        c10 = f32x4.add(c10, loadSome(y1 + residualOffset, columns)); c11 = f32x4.add(c11, loadSome(y1 + residualOffset + 16, columns - 4))
        c20 = f32x4.add(c20, loadSome(y2 + residualOffset, columns)); c21 = f32x4.add(c21, loadSome(y2 + residualOffset + 16, columns - 4))
        c30 = f32x4.add(c30, loadSome(y3 + residualOffset, columns)); c31 = f32x4.add(c31, loadSome(y3 + residualOffset + 16, columns - 4))
      }
      storeSome(y, clamp(c00, lo, hi), columns); storeSome(y + 16, clamp(c01, lo, hi), columns - 4)
      storeSome(y1, clamp(c10, lo, hi), columns); storeSome(y1 + 16, clamp(c11, lo, hi), columns - 4)
      storeSome(y2, clamp(c20, lo, hi), columns); storeSome(y2 + 16, clamp(c21, lo, hi), columns - 4)
      storeSome(y3, clamp(c30, lo, hi), columns); storeSome(y3 + 16, clamp(c31, lo, hi), columns - 4)
    }
    y = y3 + pixelBytes
    bases += 16
    sums += 16
  }
}

// @inline
function affine(v: v128, a: v128, b: v128): v128 {
  return f32x4.add(f32x4.mul(v, a), b)
}
