// Weights that are only known while running, packed as the kernels want them: what convolution.ts and adder.ts of src/runtime/backends/wasm/packing/ do for
// weights that are known when the plan is made.

import { shareStart } from './sync'
import { adderFilterRows, depthwiseLanes, PackAdderDepthwiseF32, PackAdderF32, PackDepthwiseF32, PackPanelsF32, panelWidth } from './table.generated'

/** max(0, −min w) of weights that are clamped to lo and more, from the minima of parts of w: what makes all of them non-negative. */
function shiftOf(minima: usize, count: i32, lo: f32): f32 {
  let least: f32 = 0
  for (let i = 0; i < count; i++) least = min(least, load<f32>(minima + 4 * <usize>i))
  return -max(least, lo)
}

/** Value i of those at an address, where there are any. */
// @inline
export function oneOf(base: usize, i: i32, otherwise: f32): f32 {
  return base ? load<f32>(base + 4 * <usize>i) : otherwise
}

/** Weights are multiplied by scale[o], biases become bias[o]·biasScale[o] + shift[o]. */
export function packPanelsF32(args: PackPanelsF32, thread: i32, threads: i32): void {
  const w = args.w
  const bias = args.bias
  const scale = args.scale
  const biasScale = args.biasScale
  const shift = args.shift
  const minima = args.minima
  const outChannels = args.outChannels
  const inChannels = args.inChannels
  const groupStep = args.groupStep
  const outStep = args.outStep
  const inStep = 4 * <usize>args.inStep
  const tapStep = args.tapStep
  const taps = args.taps
  const tapTable = args.tapTable
  const lo = args.lo
  const hi = args.hi
  const added: f32 = minima ? shiftOf(minima, args.minimaCount, lo) : 0
  if (minima && thread === 0) store<f32>(args.shiftAt, added)
  const groupPanels = (outChannels + panelWidth - 1) / panelWidth
  const panels = groupPanels * args.groups
  const panelBytes = 4 * <usize>(panelWidth * (1 + taps * inChannels))
  const end = shareStart(panels, 1, thread + 1, threads)
  for (let panel = shareStart(panels, 1, thread, threads); panel < end; panel++) {
    const group = panel / groupPanels
    const first = panelWidth * (panel - group * groupPanels)
    const to = args.packed + panelBytes * panel
    for (let o = 0; o < panelWidth; o++) {
      let here = to + 4 * <usize>o
      if (first + o >= outChannels) {
        for (let i = taps * inChannels; i >= 0; i--) {
          store<f32>(here, 0)
          here += 4 * panelWidth
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
          here += 4 * panelWidth
          store<f32>(here, min(max(load<f32>(source), lo), hi) * factor + added)
          source += inStep
        }
      }
    }
  }
}

/** [C / 4][bias, then taps][4] */
export function packDepthwiseF32(args: PackDepthwiseF32, thread: i32, threads: i32): void {
  const w = args.w
  const packed = args.packed
  const bias = args.bias
  const scale = args.scale
  const biasScale = args.biasScale
  const shift = args.shift
  const channels = args.channels
  const taps = args.taps
  const tapTable = args.tapTable
  const wTaps = args.wTaps
  const end = shareStart(channels, 4, thread + 1, threads)
  for (let c = shareStart(channels, 4, thread, threads); c < ((end + 3) & ~3); c++) {
    let here = packed + 4 * <usize>((c - (c % depthwiseLanes)) * (1 + taps) + (c % depthwiseLanes))
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
 * For each part of the reduction −½Σw', then its weights w' = clamp(w) + shift. What a filter's sum becomes: a = −2·scale[o],
 * b = scale[o]·(bias[o] − Σ|w − clamp(w)|) + offset[o], which for inputs in [lo, hi] is without loss (src/ops/adderConv/clamp.ts).
 */
export function packAdderF32(args: PackAdderF32, thread: i32, threads: i32): void {
  const w = args.w
  const bias = args.bias
  const scale = args.scale
  const offset = args.offset
  const lo = args.lo
  const hi = args.hi
  const shift = shiftOf(args.minima, args.minimaCount, lo)
  if (thread === 0) store<f32>(args.shiftAt, shift)
  const outChannels = args.outChannels
  const channels = args.channels
  const taps = args.taps
  const tapChannels = args.tapChannels
  const part = args.run * args.partRuns
  const length = args.run * args.runs
  const parts = (length + part - 1) / part
  const groupPanels = (outChannels + panelWidth - 1) / panelWidth
  const panels = groupPanels * args.groups
  const end = shareStart(panels, 1, thread + 1, threads)
  for (let panel = shareStart(panels, 1, thread, threads); panel < end; panel++) {
    const group = panel / groupPanels
    const first = panelWidth * (panel - group * groupPanels)
    for (let o = 0; o < panelWidth; o++) {
      let here = args.packed + 4 * <usize>(panelWidth * panel * (length + parts)) + 4 * <usize>o
      const exists = first + o < outChannels
      const filter = group * outChannels + first + o
      const constants = args.filters + 4 * <usize>(adderFilterRows * panelWidth * panel) + 4 * <usize>o
      const factor: f32 = exists ? oneOf(scale, filter, 1) : 0
      const from = w + 4 * <usize>(filter * channels * taps)
      // The reduction runs over taps, then channels; w over channels, then taps.
      let tap = 0
      let channel = 0
      let outside: f64 = 0
      for (let start = 0; start < length; start += part) {
        const head = here
        let sum: f64 = 0
        for (let k = min(start + part, length) - start; k > 0; k--) {
          here += 4 * panelWidth
          let v: f32 = 0
          if (exists && tap < taps && channel < channels) {
            const whole = load<f32>(from + 4 * <usize>(channel * taps + tap))
            const inside = min(max(whole, lo), hi)
            outside += abs<f64>(<f64>whole - <f64>inside)
            v = inside + shift
          }
          store<f32>(here, v)
          sum += <f64>v
          if (++channel === tapChannels) {
            channel = 0
            tap++
          }
        }
        store<f32>(head, <f32>(-0.5 * sum))
        here += 4 * panelWidth
      }
      const offsetOfFilter: f32 = exists ? factor * <f32>(<f64>oneOf(bias, filter, 0) - outside) + oneOf(offset, filter, 0) : 0
      store<f32>(constants, -2 * factor)
      store<f32>(constants + 4 * panelWidth, offsetOfFilter)
    }
  }
}

export function packAdderDepthwiseF32(args: PackAdderDepthwiseF32, thread: i32, threads: i32): void {
  const w = args.w
  const packed = args.packed
  const filters = args.filters
  const bias = args.bias
  const scale = args.scale
  const offset = args.offset
  const channels = args.channels
  const padded = args.padded
  const taps = args.taps
  const end = shareStart(padded, 4, thread + 1, threads)
  for (let c = shareStart(padded, 4, thread, threads); c < end; c++) {
    const exists = c < channels
    const factor: f32 = exists ? oneOf(scale, c, 1) : 0
    store<f32>(filters + 4 * <usize>c, -factor)
    store<f32>(filters + 4 * <usize>(padded + c), exists ? factor * oneOf(bias, c, 0) + oneOf(offset, c, 0) : 0)
    for (let t = 0; t < taps; t++) store<f32>(packed + 4 * <usize>(t * padded + c), exists ? load<f32>(w + 4 * <usize>(c * taps + t)) : 0)
  }
}
