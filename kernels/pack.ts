// Weights that are only known while running, packed as the kernels want them: what src/runtime/backends/wasm/pack-conv.ts and pack-adder.ts do for
// weights that are known when the plan is made.

import { shareStart } from './sync'

/** max(0, −min w) of weights that are clamped to lo and more, from the minima of parts of w: what makes all of them non-negative. */
function shiftOf(minima: usize, count: i32, lo: f32): f32 {
  let least: f32 = 0
  for (let i = 0; i < count; i++) least = min(least, load<f32>(minima + 4 * <usize>i))
  return -max(least, lo)
}

/** Value i of those at an address, where there are any. */
// @ts-ignore: decorator
@inline
export function oneOf(base: usize, i: i32, otherwise: f32): f32 {
  return base ? load<f32>(base + 4 * <usize>i) : otherwise
}

/**
 * Panels of 8 output channels for `convF32`: their biases, then for each tap and input channel their 8 weights; zeros beyond the last channel.
 * Weights are multiplied by scale[o], biases become bias[o]·biasScale[o] + shift[o].
 *
 * Arguments: w, packed (addresses), bias, scale, biasScale, shift (addresses of one float per output channel, 0 for none), minima (address of
 * minima of parts of w, 0 for none: the weights are shifted so that none is negative), minimaCount, shiftAt (address: the shift is put there), groups,
 * outChannels, inChannels (per group), groupStep, outStep, inStep, tapStep (elements of w from one to the next), taps, tapTable (address of i32:
 * which taps, in order), lo ≤ 0, hi (f32: weights are clamped first).
 */
export function packPanelsF32(args: usize, thread: i32, threads: i32): void {
  const w = <usize>load<i32>(args, 0)
  const bias = <usize>load<i32>(args, 8)
  const scale = <usize>load<i32>(args, 12)
  const biasScale = <usize>load<i32>(args, 16)
  const shift = <usize>load<i32>(args, 20)
  const minima = <usize>load<i32>(args, 24)
  const outChannels = load<i32>(args, 40)
  const inChannels = load<i32>(args, 44)
  const groupStep = load<i32>(args, 48)
  const outStep = load<i32>(args, 52)
  const inStep = 4 * <usize>load<i32>(args, 56)
  const tapStep = load<i32>(args, 60)
  const taps = load<i32>(args, 64)
  const tapTable = <usize>load<i32>(args, 68)
  const lo = load<f32>(args, 72)
  const hi = load<f32>(args, 76)
  const added: f32 = minima ? shiftOf(minima, load<i32>(args, 28), lo) : 0
  if (minima && thread == 0) store<f32>(<usize>load<i32>(args, 32), added)
  const groupPanels = (outChannels + 7) / 8
  const panels = groupPanels * load<i32>(args, 36)
  const panelBytes = 32 * <usize>(1 + taps * inChannels)
  const end = shareStart(panels, 1, thread + 1, threads)
  for (let panel = shareStart(panels, 1, thread, threads); panel < end; panel++) {
    const group = panel / groupPanels
    const first = 8 * (panel - group * groupPanels)
    const to = <usize>load<i32>(args, 4) + panelBytes * panel
    for (let o = 0; o < 8; o++) {
      let here = to + 4 * <usize>o
      if (first + o >= outChannels) {
        for (let i = taps * inChannels; i >= 0; i--) {
          store<f32>(here, 0)
          here += 32
        }
        continue
      }
      const channel = group * outChannels + first + o
      store<f32>(here, oneOf(bias, channel, 0) * oneOf(biasScale, channel, 1) + oneOf(shift, channel, 0))
      const factor = oneOf(scale, channel, 1)
      const from = w + 4 * <usize>(group * groupStep + (first + o) * outStep)
      for (let t = 0; t < taps; t++) {
        let source = from + 4 * <usize>(load<i32>(tapTable + 4 * <usize>t) * tapStep)
        for (let c = inChannels; c > 0; c--) {
          here += 32
          store<f32>(here, min(max(load<f32>(source), lo), hi) * factor + added)
          source += inStep
        }
      }
    }
  }
}

/**
 * [C, T] as `depthwiseF32` wants it: [C / 4][bias, then taps][4]. Arguments: w, packed, bias, scale, biasScale, shift (as above), channels, taps,
 * tapTable (address of i32: which taps, in order), wTaps (taps of w).
 */
export function packDepthwiseF32(args: usize, thread: i32, threads: i32): void {
  const w = <usize>load<i32>(args, 0)
  const packed = <usize>load<i32>(args, 4)
  const bias = <usize>load<i32>(args, 8)
  const scale = <usize>load<i32>(args, 12)
  const biasScale = <usize>load<i32>(args, 16)
  const shift = <usize>load<i32>(args, 20)
  const channels = load<i32>(args, 24)
  const taps = load<i32>(args, 28)
  const tapTable = <usize>load<i32>(args, 32)
  const wTaps = load<i32>(args, 36)
  const end = shareStart(channels, 4, thread + 1, threads)
  for (let c = shareStart(channels, 4, thread, threads); c < ((end + 3) & ~3); c++) {
    let here = packed + 4 * <usize>((c & ~3) * (1 + taps) + (c & 3))
    const exists = c < channels
    store<f32>(here, exists ? oneOf(bias, c, 0) * oneOf(biasScale, c, 1) + oneOf(shift, c, 0) : 0)
    const factor: f32 = exists ? oneOf(scale, c, 1) : 0
    for (let t = 0; t < taps; t++) {
      here += 16
      store<f32>(here, exists ? load<f32>(w + 4 * <usize>(c * wTaps + load<i32>(tapTable + 4 * <usize>t))) * factor : 0)
    }
  }
}

/**
 * Panels of 8 filters for `adderF32`: for each part of the reduction −½Σw', then its weights w' = clamp(w) + shift. And what a filter's sum becomes:
 * a = −2·scale[o], b = scale[o]·(bias[o] − Σ|w − clamp(w)|) + offset[o], which for inputs in [lo, hi] is without loss (src/ops/adderConv/clamp.ts).
 *
 * Arguments: w, packed, filters, bias, scale, offset (addresses; the last three 0 for none), minima, minimaCount (as above), shiftAt (address:
 * the shift is put there), groups, outChannels, channels (both per group), taps, lo ≤ 0, hi ≥ 0 (f32), tapChannels (channels of a tap, those that only
 * fill up included), run (of them in a run), runs, partRuns (runs of a part).
 */
export function packAdderF32(args: usize, thread: i32, threads: i32): void {
  const w = <usize>load<i32>(args, 0)
  const bias = <usize>load<i32>(args, 12)
  const scale = <usize>load<i32>(args, 16)
  const offset = <usize>load<i32>(args, 20)
  const lo = load<f32>(args, 52)
  const hi = load<f32>(args, 56)
  const shift = shiftOf(<usize>load<i32>(args, 24), load<i32>(args, 28), lo)
  if (thread == 0) store<f32>(<usize>load<i32>(args, 32), shift)
  const outChannels = load<i32>(args, 40)
  const channels = load<i32>(args, 44)
  const taps = load<i32>(args, 48)
  const tapChannels = load<i32>(args, 60)
  const part = load<i32>(args, 64) * load<i32>(args, 72)
  const length = load<i32>(args, 64) * load<i32>(args, 68)
  const parts = (length + part - 1) / part
  const groupPanels = (outChannels + 7) / 8
  const panels = groupPanels * load<i32>(args, 36)
  const end = shareStart(panels, 1, thread + 1, threads)
  for (let panel = shareStart(panels, 1, thread, threads); panel < end; panel++) {
    const group = panel / groupPanels
    const first = 8 * (panel - group * groupPanels)
    for (let o = 0; o < 8; o++) {
      let here = <usize>load<i32>(args, 4) + 32 * <usize>(panel * (length + parts)) + 4 * <usize>o
      const exists = first + o < outChannels
      const filter = group * outChannels + first + o
      const constants = <usize>load<i32>(args, 8) + 64 * <usize>panel + 4 * <usize>o
      const factor: f32 = exists ? oneOf(scale, filter, 1) : 0
      const from = w + 4 * <usize>(filter * channels * taps)
      // The reduction runs over taps, then channels; w over channels, then taps.
      let tap = 0, channel = 0
      let outside: f64 = 0
      for (let start = 0; start < length; start += part) {
        const head = here
        let sum: f64 = 0
        for (let k = min(start + part, length) - start; k > 0; k--) {
          here += 32
          let v: f32 = 0
          if (exists && tap < taps && channel < channels) {
            const whole = load<f32>(from + 4 * <usize>(channel * taps + tap))
            const inside = min(max(whole, lo), hi)
            outside += abs<f64>(<f64>whole - <f64>inside)
            v = inside + shift
          }
          store<f32>(here, v)
          sum += <f64>v
          if (++channel == tapChannels) {
            channel = 0
            tap++
          }
        }
        store<f32>(head, <f32>(-0.5 * sum))
        here += 32
      }
      const offsetOfFilter: f32 = exists ? factor * <f32>(<f64>oneOf(bias, filter, 0) - outside) + oneOf(offset, filter, 0) : 0
      store<f32>(constants, -2 * factor)
      store<f32>(constants, offsetOfFilter, 32)
    }
  }
}

/**
 * [C, T] as `adderDepthwiseF32` wants it: [tap][channel], and −scale[c], scale[c]·bias[c] + offset[c] as filters; both `padded` wide. Arguments: w,
 * packed, filters, bias, scale, offset (as above), channels, padded, taps.
 */
export function packAdderDepthwiseF32(args: usize, thread: i32, threads: i32): void {
  const w = <usize>load<i32>(args, 0)
  const packed = <usize>load<i32>(args, 4)
  const filters = <usize>load<i32>(args, 8)
  const bias = <usize>load<i32>(args, 12)
  const scale = <usize>load<i32>(args, 16)
  const offset = <usize>load<i32>(args, 20)
  const channels = load<i32>(args, 24)
  const padded = load<i32>(args, 28)
  const taps = load<i32>(args, 32)
  const end = shareStart(padded, 4, thread + 1, threads)
  for (let c = shareStart(padded, 4, thread, threads); c < end; c++) {
    const exists = c < channels
    const factor: f32 = exists ? oneOf(scale, c, 1) : 0
    store<f32>(filters + 4 * <usize>c, -factor)
    store<f32>(filters + 4 * <usize>(padded + c), exists ? factor * oneOf(bias, c, 0) + oneOf(offset, c, 0) : 0)
    for (let t = 0; t < taps; t++)
      store<f32>(packed + 4 * <usize>(t * padded + c), exists ? load<f32>(w + 4 * <usize>(c * taps + t)) : 0)
  }
}
