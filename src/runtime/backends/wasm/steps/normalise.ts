import { lowerAffine } from './elementwise.ts'
import { type Allocator, type Step, step } from './step.ts'

/** Softmax along the middle axis of [outer, size, inner], or its logarithm; x and y (addresses, contiguous) may be the same. */
export function lowerSoftmax(
  x: number,
  y: number,
  [outer, size, inner]: readonly [number, number, number],
  logarithm: boolean,
): Step[] {
  if (outer * size * inner === 0) return []
  return inner === 1
    ? [step('softmaxLastF32', { x, y, rows: outer, size, logarithm })]
    : [step('softmaxRowsF32', { x, y, outer, size, inner, logarithm })]
}

export interface ChannelNorm {
  readonly batch: number
  readonly rows: number
  readonly channels: number
  /** Groups of channels that share mean and variance: `channels` for InstanceNormalization. */
  readonly groups: number
  readonly epsilon: number
}

/**
 * Instance and group normalisation of x into y, [batch, rows, channels]; scale and bias (addresses) have `channels` entries. Means and
 * deviations per channel, joined over groups, then one multiplication and addition per element.
 */
export function lowerChannelNorm(
  { batch, rows, channels, groups, epsilon }: ChannelNorm,
  { x, y, scale, bias, lo, hi }: { x: number; y: number; scale: number; bias: number; lo?: number; hi?: number },
  alloc: Allocator,
): Step[] {
  if (batch * rows * channels === 0) return []
  const means = alloc.scratch(4 * batch * channels)
  const deviations = alloc.scratch(4 * batch * channels)
  const a = alloc.scratch(4 * batch * channels)
  const b = alloc.scratch(4 * batch * channels)
  return [
    step('channelStatisticsF32', { x, means, deviations, batch, rows, channels }),
    step('groupScaleF32', { means, deviations, a, b, scale, bias, batch, channels, groups, epsilon }),
    ...lowerAffine(x, y, a, b, { batch, rows, channels }, { perSample: true, lo, hi }),
  ]
}

export interface LayerNorm {
  readonly rows: number
  readonly size: number
  readonly epsilon: number
  /** False: RMSNormalization, which takes the mean for 0. */
  readonly centred: boolean
}

/** Normalises rows of x into y; scale and bias (addresses of `size` floats) and the statistics' addresses may be left out. */
export function lowerLayerNorm(
  { rows, size, epsilon, centred }: LayerNorm,
  {
    x,
    y,
    scale = 0,
    bias = 0,
    means = 0,
    deviations = 0,
  }: { x: number; y: number; scale?: number; bias?: number; means?: number; deviations?: number },
): Step[] {
  if (rows * size === 0) return []
  return [step('layerNormF32', { x, y, rows, size, scale, bias, means, deviations, centred, epsilon })]
}

export interface Lrn {
  readonly pixels: number
  readonly channels: number
  readonly size: number
  readonly alpha: number
  readonly beta: number
  readonly bias: number
}

/** Local response normalisation across channels, x [pixels, channels] into y, which must not be the same memory. */
export function lowerLrn({ pixels, channels, size, alpha, beta, bias }: Lrn, x: number, y: number): Step[] {
  if (pixels * channels === 0) return []
  const before = Math.floor((size - 1) / 2)
  const after = size - 1 - before
  return [step('lrnF32', { x, y, pixels, channels, before, after, alpha: alpha / size, beta, k: bias })]
}
