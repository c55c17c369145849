// Adder (L1) convolution of unsigned bytes: Σ|x − w| in integers, exactly.
//
//     Σ|x − w| = 2·Σ(w ∸ x) + Σx − Σw,     w ∸ x = max(w − x, 0), one saturating subtraction of 16 bytes
//
// Σx is one sum per patch, Σw one per filter. A term w ∸ x is never more than w: padding behind the reduction (w = 0) adds nothing, and how
// many terms fit into a byte can be read off the packed weights: with b bits 2^(8−b) always do, with weights as they are often more.
//
// Weights stay in registers, pixels pass by: 16 taps of 8 filters are 8 vectors, each 4 taps of 4 filters, against which 4 inputs come as one
// 32-bit broadcast load. `terms` products (1, 2 or 4) are added up in bytes, then to sums of 16 bits that lie in memory, in the first cache. So
// nothing is spilled, the loop takes lines of any length, and a tap of 16 channels is read where it lies. Where channels are few a run has 8 or 12 taps
// (`quads` of four) instead of 16. See docs/decisions/0011.
//
// Where the engine has one instruction for dot products of bytes (`dots`), one with ones adds up 16 terms in 32 bits: no term waits in a byte.

import { codesLineStep, codesStep, layCodes, writeCompactOffsets } from './adder-codes'
import { collect, finishBytes, finishFloats } from './adder-finish'
import { aligned, blockAt, endPanel, endPixel, firstPanel, firstPixel, lineOf, takeWork, writeOffsets } from './adder-patches'
import { AdderU8, adderCodeRows, CodesForm, codeLanes, panelWidth } from './table.generated'

/** 16 taps add at most 2·4·255 / terms to a sum, of which 15 bits can be used. */
const mostPasses: i32 = 16

export function adderU8(args: AdderU8, thread: i32, threads: i32): void {
  const most = args.scratchThreads
  if (threads > most) threads = most
  if (thread >= threads) return

  const outChannels = args.outChannels
  const groups = args.groups
  const columns = outChannels / groups
  const groupPanels = (columns + panelWidth - 1) / panelWidth
  const panels = groupPanels * groups
  const runs = args.runs
  const terms = args.terms
  const quads = args.run >> 2
  const runBytes = <usize>(panelWidth * args.run)
  const weights = args.weights
  const filters = args.filters
  const toBytes = args.toBytes
  const mostRuns = args.dots ? runs : mostPasses * terms

  // The thread's scratch memory.
  const block = <usize>(args.blockLines * args.blockColumns)
  const copied = <usize>(args.lines * args.columns)
  const planeBytes = codeLanes * copied
  const offsets = args.scratch + <usize>args.scratchBytes * thread
  const pixelSums = offsets + aligned(4 * <usize>runs)
  const sums = pixelSums + aligned(4 * copied + 64)
  const narrow = sums + aligned(4 * block + 16)
  const wide = narrow + aligned(32 * block)
  const work = wide + aligned(32 * block)
  const patches = work + 64 + 2 * aligned(<usize>args.pixelBytes)
  if (args.codesAs === CodesForm.planes) writeOffsets(args, offsets, codeLanes, planeBytes)
  else if (args.codesAs === CodesForm.compact) writeCompactOffsets(args, offsets)
  else for (let r = 0; r < runs; r++) store<i32>(offsets + 4 * <usize>r, codeLanes * r)
  const step = codesStep(args)
  const lineStep = codesLineStep(args)

  while (takeWork(args, panels, thread, threads))
    for (let pixel = firstPixel, count = 0; pixel < endPixel; pixel += count) {
      count = blockAt(args, pixel, endPixel)
      const across = lineOf(args, count)
      const lines = count / across
      // From the end of a line to the start of the next.
      const skip = lineStep - step * <usize>across
      for (let panel = firstPanel; panel < endPanel; ) {
        const group = panel / groupPanels
        const end = min(endPanel, (group + 1) * groupPanels)
        const codes = layCodes(args, pixel, count, group, patches, planeBytes, work, pixelSums, sums)
        for (; panel < end; panel++) {
          let w = weights + runBytes * <usize>(runs * panel)
          for (let r = 0; r < runs; r += mostRuns) {
            const n = min(runs - r, mostRuns)
            const from = offsets + 4 * <usize>r
            if (r > 0) collect(narrow, wide, count, r > mostRuns)
            if (args.dots) passesOfDots(quads, codes, from, n, w, narrow, lines, across, step, skip)
            else if (terms === 1) passes1(quads, codes, from, n, w, narrow, lines, across, step, skip)
            else if (terms === 2) passes2(quads, codes, from, n, w, narrow, lines, across, step, skip)
            else passes4(quads, codes, from, n, w, narrow, lines, across, step, skip)
            w += runBytes * <usize>n
          }
          const column = panelWidth * (panel - group * groupPanels)
          const filter = filters + 4 * <usize>(adderCodeRows * panelWidth * panel)
          const out = pixel * args.yPixel + group * columns + column
          const more = runs > mostRuns ? wide : 0
          if (toBytes) finishBytes(args, narrow, more, sums, count, filter, out, columns - column)
          else finishFloats(args, narrow, more, sums, count, filter, out, columns - column)
        }
      }
    }
}

// @inline
function widened(bytes: v128): v128 {
  return i16x8.extadd_pairwise_i8x16_u(bytes)
}

// @inline
function saved(w: v128, x: v128): v128 {
  return v128.sub_sat<u8>(w, x)
}

/** Σ(w ∸ x) of 8 to 16 taps of 4 filters, two sums of 16 bits each, with as many terms in a byte as `terms` says. */
// @inline
function added(terms: i32, quads: i32, w0: v128, w1: v128, w2: v128, w3: v128, x0: v128, x1: v128, x2: v128, x3: v128): v128 {
  const p0 = saved(w0, x0)
  const p1 = saved(w1, x1)
  if (quads === 2) return terms === 1 ? i16x8.add(widened(p0), widened(p1)) : widened(i8x16.add(p0, p1))
  const p2 = saved(w2, x2)
  if (quads === 3) {
    if (terms === 4) return widened(i8x16.add(i8x16.add(p0, p1), p2))
    return i16x8.add(terms === 1 ? i16x8.add(widened(p0), widened(p1)) : widened(i8x16.add(p0, p1)), widened(p2))
  }
  const p3 = saved(w3, x3)
  if (terms === 4) return widened(i8x16.add(i8x16.add(i8x16.add(p0, p1), p2), p3))
  if (terms === 2) return i16x8.add(widened(i8x16.add(p0, p1)), widened(i8x16.add(p2, p3)))
  return i16x8.add(i16x8.add(i16x8.add(widened(p0), widened(p1)), widened(p2)), widened(p3))
}

/** c + Σ(w ∸ x) of 4 taps of 4 filters, each byte once: exact for any bytes where the engine has one instruction for it. */
// @inline
function counted(w: v128, x: v128, ones: v128, c: v128): v128 {
  return i32x4.relaxed_dot_i8x16_i7x16_add_s(ones, saved(w, x), c)
}

/**
 * One run of 4 · `quads` taps for `lines` lines of `across` pixels, of each pixel filters 0 to 3, then 4 to 7, two sums of 16 bits each: added to the
 * sums, or the `first` ones.
 * @param terms as of `added`; 0 for sums of 32 bits
 * @param step from a pixel to the next
 * @param skip from behind a line to the next
 */
// @inline
function pass(terms: i32, quads: i32, first: bool, a: usize, w: usize, s: usize, lines: i32, across: i32, step: usize, skip: usize): void {
  const ones = i8x16.splat(1)
  const none = i32x4.splat(0)
  const w00 = v128.load(w)
  const w01 = v128.load(w, 16)
  const w10 = v128.load(w, 32)
  const w11 = v128.load(w, 48)
  const w20 = quads > 2 ? v128.load(w, 64) : w00
  const w21 = quads > 2 ? v128.load(w, 80) : w00
  const w30 = quads > 3 ? v128.load(w, 96) : w00
  const w31 = quads > 3 ? v128.load(w, 112) : w00
  do {
    const end = s + 32 * <usize>across
    do {
      const x0 = v128.load32_splat(a)
      const x1 = v128.load32_splat(a, 4)
      const x2 = quads > 2 ? v128.load32_splat(a, 8) : x0
      const x3 = quads > 3 ? v128.load32_splat(a, 12) : x0
      if (terms === 0) {
        let s0 = counted(w10, x1, ones, counted(w00, x0, ones, first ? none : v128.load(s)))
        if (quads > 2) s0 = counted(w20, x2, ones, s0)
        if (quads > 3) s0 = counted(w30, x3, ones, s0)
        v128.store(s, s0)
        let s1 = counted(w11, x1, ones, counted(w01, x0, ones, first ? none : v128.load(s, 16)))
        if (quads > 2) s1 = counted(w21, x2, ones, s1)
        if (quads > 3) s1 = counted(w31, x3, ones, s1)
        v128.store(s, s1, 16)
      } else {
        // Sums are loaded last: with them there would be one value too many for the registers.
        const s0 = added(terms, quads, w00, w10, w20, w30, x0, x1, x2, x3)
        v128.store(s, first ? s0 : i16x8.add(s0, v128.load(s)))
        const s1 = added(terms, quads, w01, w11, w21, w31, x0, x1, x2, x3)
        v128.store(s, first ? s1 : i16x8.add(s1, v128.load(s, 16)), 16)
      }
      a += step
      s += 32
    } while (s !== end)
    a += skip
  } while (--lines)
}

// @inline
function passes(
  terms: i32,
  quads: i32,
  codes: usize,
  offsets: usize,
  runs: i32,
  w: usize,
  sums: usize,
  lines: i32,
  across: i32,
  step: usize,
  skip: usize,
): void {
  pass(terms, quads, true, codes + <usize>load<i32>(offsets), w, sums, lines, across, step, skip)
  while (--runs) {
    offsets += 4
    w += 32 * <usize>quads
    pass(terms, quads, false, codes + <usize>load<i32>(offsets), w, sums, lines, across, step, skip)
  }
}

// biome-ignore format: as the functions below
// @inline
function byQuads(
  terms: i32, quads: i32, codes: usize, offsets: usize, runs: i32, w: usize, sums: usize, lines: i32, across: i32, step: usize, skip: usize,
): void {
  if (quads === 2) passes(terms, 2, codes, offsets, runs, w, sums, lines, across, step, skip)
  else if (quads === 3) passes(terms, 3, codes, offsets, runs, w, sums, lines, across, step, skip)
  else passes(terms, 4, codes, offsets, runs, w, sums, lines, across, step, skip)
}

// A function for each, whose loops engines compile by themselves.
function passesOfDots(quads: i32, codes: usize, offsets: usize, runs: i32, w: usize, sums: usize, lines: i32, across: i32, step: usize, skip: usize): void {
  byQuads(0, quads, codes, offsets, runs, w, sums, lines, across, step, skip)
}

function passes1(quads: i32, codes: usize, offsets: usize, runs: i32, w: usize, sums: usize, lines: i32, across: i32, step: usize, skip: usize): void {
  byQuads(1, quads, codes, offsets, runs, w, sums, lines, across, step, skip)
}

function passes2(quads: i32, codes: usize, offsets: usize, runs: i32, w: usize, sums: usize, lines: i32, across: i32, step: usize, skip: usize): void {
  byQuads(2, quads, codes, offsets, runs, w, sums, lines, across, step, skip)
}

function passes4(quads: i32, codes: usize, offsets: usize, runs: i32, w: usize, sums: usize, lines: i32, across: i32, step: usize, skip: usize): void {
  byQuads(4, quads, codes, offsets, runs, w, sums, lines, across, step, skip)
}
