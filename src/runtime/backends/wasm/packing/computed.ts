import { type Allocator, type Step, step } from '../steps/step.ts'
import { packedDepthwiseFloats, packedFloats, type WeightOrder } from './convolution.ts'

/*
 * Weights that are computed while the plan runs, or that its caller may change: they are packed by kernels (kernels/pack.ts) right before they are
 * used, into memory that is free again after it.
 */

/** Addresses of weights and biases, as ONNX has them, and what is multiplied and added while they are packed. */
export interface ComputedWeights {
  readonly weights: number
  /** One per output channel; none: 0. */
  readonly bias?: number
  /** Per output channel: w·scale, and bias·biasScale + shift. */
  readonly scale?: Float32Array
  readonly biasScale?: Float32Array
  readonly shift?: Float32Array
}

export interface PackedWeights {
  readonly packed: number
  readonly steps: readonly Step[]
}

const put = (values: ArrayLike<number>, alloc: Allocator, View: typeof Float32Array | typeof Int32Array): number => {
  const at = alloc.alloc(4 * values.length)
  new View(alloc.memory.buffer, at, values.length).set(values)
  return at
}

/** What is done to weights and biases, as the kernels take it. */
export const factorsOf = (
  { bias = 0, scale, biasScale, shift }: Omit<ComputedWeights, 'weights'>,
  alloc: Allocator,
) => {
  const vector = (values: Float32Array | undefined) => (values ? put(values, alloc, Float32Array) : 0)
  return { bias, scale: vector(scale), biasScale: vector(biasScale), shift: vector(shift) }
}

/** How weights are made non-negative by what lies in memory: minima of parts of them, and where the kernel puts the shift. */
export interface Shifting {
  readonly minima: number
  readonly minimaCount: number
  readonly shiftAt: number
}

/** The range to which weights are clamped; 0 is in it. */
export interface Range {
  readonly lo: number
  readonly hi: number
}

export const unbounded: Range = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY }

/** Panels for `convF32`, as `packPanels` makes them. */
export function packPanelsSteps(
  given: ComputedWeights,
  order: WeightOrder,
  {
    groups,
    outChannels,
    inChannels,
  }: { readonly groups: number; readonly outChannels: number; readonly inChannels: number },
  taps: readonly number[],
  alloc: Allocator,
  { lo, hi }: Range = unbounded,
  shifting: Shifting = { minima: 0, minimaCount: 0, shiftAt: 0 },
): PackedWeights {
  const packed = alloc.scratch(4 * packedFloats(groups, outChannels, inChannels, taps.length))
  const packing = step('packPanelsF32', {
    ...factorsOf(given, alloc),
    ...{ w: given.weights, packed, ...shifting, groups, outChannels, inChannels, lo, hi },
    ...{ groupStep: order.group, outStep: order.outChannel, inStep: order.inChannel, tapStep: order.tap },
    ...{ taps: taps.length, tapTable: put(taps, alloc, Int32Array) },
  })
  return { packed, steps: [packing] }
}

/** [C, T] for `depthwiseF32`. */
export function packDepthwiseSteps(
  given: ComputedWeights,
  channels: number,
  wTaps: number,
  taps: readonly number[],
  alloc: Allocator,
): PackedWeights {
  const packed = alloc.scratch(4 * packedDepthwiseFloats(channels, taps.length))
  const packing = step('packDepthwiseF32', {
    ...factorsOf(given, alloc),
    ...{ w: given.weights, packed, channels, taps: taps.length, tapTable: put(taps, alloc, Int32Array), wTaps },
  })
  return { packed, steps: [packing] }
}
