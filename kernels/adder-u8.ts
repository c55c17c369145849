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
// Where the engine has one instruction for dot products of bytes (`dots`), another form takes no widening:
//
//     Σ|x − w| = 2·Σmax(x, w) − Σx − Σw,     a maximum of 16 bytes, and one dot product with twos, which adds them up in 4 sums of 32 bits
//
// (A processor may have twice as many units for maxima as for saturating subtractions.) There sums stay in registers and weights pass by, and
// weights of 255 fill up runs: the maximum is 255 whatever lies there.

import { codesLineStep, codesStep, layCodes, writeCompactOffsets } from './adder-codes'
import { collect, finishBytes, finishFloats } from './adder-finish'
import { aligned, blockAt, endPanel, endPixel, firstPanel, firstPixel, lineOf, takeWork, writeOffsets } from './adder-patches'
import { AdderU8, adderCodeRows, CodesForm, codeLanes, panelWidth } from './table.generated'

/** 16 taps add at most 2·4·255 / terms to a sum, of which 15 bits can be used. */
const mostPasses: i32 = 16

/** Of the last tile of dot products. */
const surplus: usize = 128

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
  const wide = narrow + aligned(32 * block + surplus)
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
          const filter = filters + 4 * <usize>(adderCodeRows * panelWidth * panel)
          let w = weights + runBytes * <usize>(runs * panel)
          for (let r = 0; r < runs; r += mostRuns) {
            const n = min(runs - r, mostRuns)
            const from = offsets + 4 * <usize>r
            if (r > 0) collect(narrow, wide, count, r > mostRuns)
            if (args.dots) passesOfDots(quads, codes, from, n, w, filter, narrow, lines, across, step, skip)
            else if (terms === 1) passes1(quads, codes, from, n, w, narrow, lines, across, step, skip)
            else if (terms === 2) passes2(quads, codes, from, n, w, narrow, lines, across, step, skip)
            else passes4(quads, codes, from, n, w, narrow, lines, across, step, skip)
            w += runBytes * <usize>n
          }
          const column = panelWidth * (panel - group * groupPanels)
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

/**
 * One run of 4 · `quads` taps for `lines` lines of `across` pixels, of each pixel filters 0 to 3, then 4 to 7, two sums of 16 bits each: added to the
 * sums, or the `first` ones.
 * @param terms as of `added`
 * @param step from a pixel to the next
 * @param skip from behind a line to the next
 */
// @inline
function pass(terms: i32, quads: i32, first: bool, a: usize, w: usize, s: usize, lines: i32, across: i32, step: usize, skip: usize): void {
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
      // Sums are loaded last: with them there would be one value too many for the registers.
      const s0 = added(terms, quads, w00, w10, w20, w30, x0, x1, x2, x3)
      v128.store(s, first ? s0 : i16x8.add(s0, v128.load(s)))
      const s1 = added(terms, quads, w01, w11, w21, w31, x0, x1, x2, x3)
      v128.store(s, first ? s1 : i16x8.add(s1, v128.load(s, 16)), 16)
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
function passes1(quads: i32, codes: usize, offsets: usize, runs: i32, w: usize, sums: usize, lines: i32, across: i32, step: usize, skip: usize): void {
  byQuads(1, quads, codes, offsets, runs, w, sums, lines, across, step, skip)
}

function passes2(quads: i32, codes: usize, offsets: usize, runs: i32, w: usize, sums: usize, lines: i32, across: i32, step: usize, skip: usize): void {
  byQuads(2, quads, codes, offsets, runs, w, sums, lines, across, step, skip)
}

function passes4(quads: i32, codes: usize, offsets: usize, runs: i32, w: usize, sums: usize, lines: i32, across: i32, step: usize, skip: usize): void {
  byQuads(4, quads, codes, offsets, runs, w, sums, lines, across, step, skip)
}

/** c + 2·Σmax(w, x) of 4 taps of 4 filters. */
// @inline
function counted(w: v128, x: v128, twos: v128, c: v128): v128 {
  return i32x4.relaxed_dot_i8x16_i7x16_add_s(twos, v128.max<u8>(w, x), c)
}

// biome-ignore format: what is done side by side stands side by side
/**
 * 2·Σmax(w, x) − Σw of all runs of 4 · `quads` taps for tiles of 5 pixels × 8 filters: 10 vectors of sums, two of weights, and the three that this takes, are all the
 * registers that V8 has. Behind a block's last pixel its tile takes that pixel again, whose sums nobody reads.
 */
function passesOfDots(quads: i32, codes: usize, offsets: usize, runs: i32, weights: usize, filter: usize, s: usize, lines: i32, across: i32, step: usize, skip: usize): void {
  // Loaded: a constant V8 makes anew for each product, in three instructions.
  store<u8>(s, 2)
  const twos = v128.load8_splat(s)
  const n0 = v128.load(filter, 64), n1 = v128.load(filter, 80)
  let left = across
  for (let count = lines * across; count > 0; count -= 5) {
    const a0 = codes
    if (count > 1) { codes += step; if (!--left) { codes += skip; left = across } }
    const a1 = codes
    if (count > 2) { codes += step; if (!--left) { codes += skip; left = across } }
    const a2 = codes
    if (count > 3) { codes += step; if (!--left) { codes += skip; left = across } }
    const a3 = codes
    if (count > 4) { codes += step; if (!--left) { codes += skip; left = across } }
    const a4 = codes
    codes += step; if (!--left) { codes += skip; left = across }
    let c00 = n0, c01 = n1
    let c10 = n0, c11 = n1
    let c20 = n0, c21 = n1
    let c30 = n0, c31 = n1
    let c40 = n0, c41 = n1
    let w = weights
    let offset = offsets
    for (let r = runs; r > 0; r--) {
      const at = <usize>load<i32>(offset)
      offset += 4
      const b0 = a0 + at, b1 = a1 + at, b2 = a2 + at, b3 = a3 + at, b4 = a4 + at
      let w0: v128, w1: v128, x: v128
      // Steps are kept apart by conditions, or sums would be made one after the other, which takes more registers. The second is always true.
      w0 = v128.load(w); w1 = v128.load(w, 16)
      x = v128.load32_splat(b0); c00 = counted(w0, x, twos, c00); c01 = counted(w1, x, twos, c01)
      x = v128.load32_splat(b1); c10 = counted(w0, x, twos, c10); c11 = counted(w1, x, twos, c11)
      x = v128.load32_splat(b2); c20 = counted(w0, x, twos, c20); c21 = counted(w1, x, twos, c21)
      x = v128.load32_splat(b3); c30 = counted(w0, x, twos, c30); c31 = counted(w1, x, twos, c31)
      x = v128.load32_splat(b4); c40 = counted(w0, x, twos, c40); c41 = counted(w1, x, twos, c41)
      if (quads > 1) {
        w0 = v128.load(w, 32); w1 = v128.load(w, 48)
        x = v128.load32_splat(b0, 4); c00 = counted(w0, x, twos, c00); c01 = counted(w1, x, twos, c01)
        x = v128.load32_splat(b1, 4); c10 = counted(w0, x, twos, c10); c11 = counted(w1, x, twos, c11)
        x = v128.load32_splat(b2, 4); c20 = counted(w0, x, twos, c20); c21 = counted(w1, x, twos, c21)
        x = v128.load32_splat(b3, 4); c30 = counted(w0, x, twos, c30); c31 = counted(w1, x, twos, c31)
        x = v128.load32_splat(b4, 4); c40 = counted(w0, x, twos, c40); c41 = counted(w1, x, twos, c41)
        if (quads > 2) {
          w0 = v128.load(w, 64); w1 = v128.load(w, 80)
          x = v128.load32_splat(b0, 8); c00 = counted(w0, x, twos, c00); c01 = counted(w1, x, twos, c01)
          x = v128.load32_splat(b1, 8); c10 = counted(w0, x, twos, c10); c11 = counted(w1, x, twos, c11)
          x = v128.load32_splat(b2, 8); c20 = counted(w0, x, twos, c20); c21 = counted(w1, x, twos, c21)
          x = v128.load32_splat(b3, 8); c30 = counted(w0, x, twos, c30); c31 = counted(w1, x, twos, c31)
          x = v128.load32_splat(b4, 8); c40 = counted(w0, x, twos, c40); c41 = counted(w1, x, twos, c41)
          if (quads > 3) {
            w0 = v128.load(w, 96); w1 = v128.load(w, 112)
            x = v128.load32_splat(b0, 12); c00 = counted(w0, x, twos, c00); c01 = counted(w1, x, twos, c01)
            x = v128.load32_splat(b1, 12); c10 = counted(w0, x, twos, c10); c11 = counted(w1, x, twos, c11)
            x = v128.load32_splat(b2, 12); c20 = counted(w0, x, twos, c20); c21 = counted(w1, x, twos, c21)
            x = v128.load32_splat(b3, 12); c30 = counted(w0, x, twos, c30); c31 = counted(w1, x, twos, c31)
            x = v128.load32_splat(b4, 12); c40 = counted(w0, x, twos, c40); c41 = counted(w1, x, twos, c41)
          }
        }
      }
      w += <usize>(32 * quads)
    }
    v128.store(s, c00); v128.store(s, c01, 16)
    v128.store(s, c10, 32); v128.store(s, c11, 48)
    v128.store(s, c20, 64); v128.store(s, c21, 80)
    v128.store(s, c30, 96); v128.store(s, c31, 112)
    v128.store(s, c40, 128); v128.store(s, c41, 144)
    s += 160
  }
}
