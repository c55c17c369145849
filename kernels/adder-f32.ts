// Float32 adder (L1) convolution: Y = −Σ|X − W|.
//
//     Σ|x − w| = 2·Σ max(x', w') − Σx' − Σw',     x' = x + s, w' = w + s
//
// Σx' is one sum per patch, Σw' one per filter, so the inner loop is a maximum and an addition. The maximum is taken of the bits as signed
// integers: as w' ≥ 0 by the choice of the shift s = max(0, −min w), that is the maximum of the floats (two floats compare like their bits
// unless both are negative). An integer maximum runs on every vector unit; f32x4.pmax shares two units with the addition on current x86
// and halves the speed. The shift is added to the input while it is copied.
//
// Sums are formed in parts of at most `part` taps, each begun at −½(Σx' + Σw') of its part: what the sum passes through stays of the size
// of the result, so that nothing cancels at the end. See docs/decisions/0011.

import { at, makeRows } from './adder-patches'
import { shareStart } from './sync'
import { clamp, loadSome, storeSome } from './simd'

// Taps of a part: 8 KiB of weights. src/runtime/wasm/pack-adder.ts knows it too.
const part: i32 = 256

/** Arguments: see `adderF32` in src/runtime/wasm/abi.ts. */
export function adderF32(args: usize, thread: i32, threads: i32): void {
  const most = load<i32>(args, at.scratchThreads)
  if (threads > most) threads = most
  if (thread >= threads) return

  const rowBytes = <usize>load<i32>(args, at.rowBytes)
  const blockRows = load<i32>(args, at.blockRows)
  const groups = load<i32>(args, at.groups)
  const inChannels = load<i32>(args, at.inChannels)
  const run = inChannels / groups
  const outChannels = load<i32>(args, at.outChannels)
  const columns = outChannels / groups
  const groupPanels = (columns + 7) / 8
  const panels = groupPanels * groups
  const taps = run * load<i32>(args, at.kernelHeight) * load<i32>(args, at.kernelWidth)
  const parts = (taps + part - 1) / part
  const panelBytes = 32 * <usize>(taps + parts)
  const pixels = load<i32>(args, at.batch) * load<i32>(args, at.outHeight) * load<i32>(args, at.outWidth)
  const weights = <usize>load<i32>(args, at.weights)
  // Of weights that are packed while running (kernels/pack.ts) the shift lies in memory.
  const shiftAt = <usize>load<i32>(args, at.shiftAt)
  const shift = shiftAt ? load<f32>(shiftAt) : load<f32>(args, at.shift)

  const filters = <usize>load<i32>(args, at.filters)
  const residual = load<i32>(args, at.residual)
  const y = <usize>load<i32>(args, at.y)
  const pixelBytes = 4 * <usize>outChannels
  const lo = f32x4.splat(load<f32>(args, at.lo)), hi = f32x4.splat(load<f32>(args, at.hi))

  // The thread's scratch memory: results of one panel, sums of rows, rows.
  const results = <usize>load<i32>(args, at.scratch) + <usize>load<i32>(args, at.scratchBytes) * thread
  const sums = results + 32 * <usize>blockRows
  const rows = sums + 4 * <usize>blockRows

  let firstPixel = 0, endPixel = pixels, firstPanel = 0, endPanel = panels
  if (load<i32>(args, at.byChannels)) {
    firstPanel = shareStart(panels, 1, thread, threads)
    endPanel = shareStart(panels, 1, thread + 1, threads)
  } else {
    firstPixel = shareStart(pixels, 4, thread, threads)
    endPixel = shareStart(pixels, 4, thread + 1, threads)
  }
  for (let pixel = firstPixel; pixel < endPixel; pixel += blockRows) {
    const count = min(blockRows, endPixel - pixel)
    for (let panel = firstPanel; panel < endPanel; ) {
      const group = panel / groupPanels
      const end = min(endPanel, (group + 1) * groupPanels)
      makeRows<f32>(args, rows, pixel, count, 4 * run * group, 4 * run, 4 * inChannels, 0, shift, sums)
      for (; panel < end; panel++) {
        const column = 8 * (panel - group * groupPanels)
        const filter = filters + 64 * <usize>panel
        let out = pixel * outChannels + group * columns + column
        // Whole tiles of whole panels are finished in their registers.
        const straight = columns - column >= 8 && residual == 0 ? count & ~3 : 0
        let w = weights + panelBytes * panel
        for (let p = 0; p < parts; p++) {
          const length = min(taps - p * part, part)
          const share = <f32>length / <f32>taps
          const x = rows + 4 * part * p
          const last = p == parts - 1 ? straight : 0
          if (last) tile4x8(x, rowBytes, last, w, length, sums, share, results, p > 0, y + 4 * <usize>out, pixelBytes, filter, lo, hi)
          if (count > last)
            tile4x8(
              x + rowBytes * last, rowBytes, count - last, w, length, sums + 4 * last, share, results + 32 * last, p > 0,
              0, 0, filter, lo, hi,
            )
          w += 32 * (length + 1)
        }
        out += straight * outChannels
        if (count > straight)
          finish(args, results + 32 * straight, count - straight, out, columns - column, filter)
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function plusMax(sum: v128, x: v128, w: v128): v128 {
  return f32x4.add(sum, i32x4.max_s(x, w))
}

/**
 * results[row][8 filters] = ½Σ|x − w| over one part of the reduction; `add`: on top of what is there. Where `y` is not 0, the results are
 * finished and put there. One tap a turn, as in conv-f32.ts.
 * @param share of the part in the reduction, and so in the sums of the rows
 */
// prettier-ignore
function tile4x8(
  rows: usize, rowBytes: usize, count: i32, panel: usize, length: i32, sums: usize, share: f32, results: usize, add: bool,
  y: usize, pixelBytes: usize, filter: usize, lo: v128, hi: v128,
): void {
  for (; count > 0; count -= 4) {
    // −½Σw' of the part stands before its weights.
    const f0 = v128.load(panel), f1 = v128.load(panel, 16)
    let v = f32x4.splat(share * load<f32>(sums))
    let s00 = f32x4.add(f0, v), s01 = f32x4.add(f1, v)
    v = f32x4.splat(share * load<f32>(sums, 4))
    let s10 = f32x4.add(f0, v), s11 = f32x4.add(f1, v)
    v = f32x4.splat(share * load<f32>(sums, 8))
    let s20 = f32x4.add(f0, v), s21 = f32x4.add(f1, v)
    v = f32x4.splat(share * load<f32>(sums, 12))
    let s30 = f32x4.add(f0, v), s31 = f32x4.add(f1, v)
    let a0 = rows, a1 = a0 + rowBytes, a2 = a1 + rowBytes, a3 = a2 + rowBytes
    let w = panel + 32
    let k = length
    do {
      const w0 = v128.load(w), w1 = v128.load(w, 16)
      const x0 = v128.load32_splat(a0)
      s00 = plusMax(s00, x0, w0); s01 = plusMax(s01, x0, w1)
      const x1 = v128.load32_splat(a1)
      s10 = plusMax(s10, x1, w0); s11 = plusMax(s11, x1, w1)
      const x2 = v128.load32_splat(a2)
      s20 = plusMax(s20, x2, w0); s21 = plusMax(s21, x2, w1)
      const x3 = v128.load32_splat(a3)
      s30 = plusMax(s30, x3, w0); s31 = plusMax(s31, x3, w1)
      a0 += 4; a1 += 4; a2 += 4; a3 += 4
      w += 32
    } while (--k)
    if (add) {
      s00 = f32x4.add(s00, v128.load(results)); s01 = f32x4.add(s01, v128.load(results, 16))
      s10 = f32x4.add(s10, v128.load(results, 32)); s11 = f32x4.add(s11, v128.load(results, 48))
      s20 = f32x4.add(s20, v128.load(results, 64)); s21 = f32x4.add(s21, v128.load(results, 80))
      s30 = f32x4.add(s30, v128.load(results, 96)); s31 = f32x4.add(s31, v128.load(results, 112))
    }
    if (y) {
      const m0 = v128.load(filter), m1 = v128.load(filter, 16), b0 = v128.load(filter, 32), b1 = v128.load(filter, 48)
      const y1 = y + pixelBytes, y2 = y1 + pixelBytes, y3 = y2 + pixelBytes
      v128.store(y, affine(s00, m0, b0, lo, hi)); v128.store(y, affine(s01, m1, b1, lo, hi), 16)
      v128.store(y1, affine(s10, m0, b0, lo, hi)); v128.store(y1, affine(s11, m1, b1, lo, hi), 16)
      v128.store(y2, affine(s20, m0, b0, lo, hi)); v128.store(y2, affine(s21, m1, b1, lo, hi), 16)
      v128.store(y3, affine(s30, m0, b0, lo, hi)); v128.store(y3, affine(s31, m1, b1, lo, hi), 16)
      y = y3 + pixelBytes
    } else {
      v128.store(results, s00); v128.store(results, s01, 16)
      v128.store(results, s10, 32); v128.store(results, s11, 48)
      v128.store(results, s20, 64); v128.store(results, s21, 80)
      v128.store(results, s30, 96); v128.store(results, s31, 112)
    }
    results += 128
    sums += 16
    rows += 4 * rowBytes
  }
}

// @ts-ignore: decorator
@inline
function affine(v: v128, a: v128, b: v128, lo: v128, hi: v128): v128 {
  return clamp(f32x4.add(f32x4.mul(v, a), b), lo, hi)
}

/** y = a[o]·results + b[o] with a = −2 times the filter's factor; then the residual, then clamping. `out` counts floats. */
function finish(args: usize, results: usize, count: i32, out: i32, columns: i32, filter: usize): void {
  const a0 = v128.load(filter), a1 = v128.load(filter, 16)
  const b0 = v128.load(filter, 32), b1 = v128.load(filter, 48)
  const lo = f32x4.splat(load<f32>(args, at.lo)), hi = f32x4.splat(load<f32>(args, at.hi))
  const pixelBytes = 4 * <usize>load<i32>(args, at.outChannels)
  let y = <usize>load<i32>(args, at.y) + 4 * <usize>out
  let residual = <usize>load<i32>(args, at.residual)
  const some = residual != 0
  if (some) residual += 4 * <usize>out
  for (; count > 0; count--) {
    let v0 = f32x4.add(f32x4.mul(v128.load(results), a0), b0)
    let v1 = f32x4.add(f32x4.mul(v128.load(results, 16), a1), b1)
    if (columns >= 8) {
      if (some) {
        v0 = f32x4.add(v0, v128.load(residual))
        v1 = f32x4.add(v1, v128.load(residual, 16))
      }
      v128.store(y, clamp(v0, lo, hi))
      v128.store(y, clamp(v1, lo, hi), 16)
    } else {
      if (some) {
        v0 = f32x4.add(v0, loadSome(residual, columns))
        v1 = f32x4.add(v1, loadSome(residual + 16, columns - 4))
      }
      storeSome(y, clamp(v0, lo, hi), columns)
      storeSome(y + 16, clamp(v1, lo, hi), columns - 4)
    }
    results += 32
    y += pixelBytes
    residual += pixelBytes
  }
}
