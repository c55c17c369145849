import type { Affine, InferredCall } from '../../../../graph/index.ts'
import {
  type ConvAttributes,
  type ConvTransposeAttributes,
  slide,
  transposedPads,
  type Window,
} from '../../../../ops/index.ts'
import type { Parts } from '../../../../plan/index.ts'
import { type KnownWeights, wholeFloats } from '../packing/weights.ts'
import { isDepthwise, lowerDepthwise } from '../steps/convolution/depthwise.ts'
import { lowerConv, lowerConvTranspose } from '../steps/convolution/layer.ts'
import { type ConvLayer, type ConvTensors, isPointwise } from '../steps/convolution/sizes.ts'
import { type Allocator, once, type Step } from '../steps/step.ts'
import type { PlacedRun } from '../steps/strides.ts'
import { type Lowering, type LoweringContext, shapeOf, sizesOf } from './lowering.ts'
import { inTurn, stored } from './operands.ts'

/** One entry per axis of [height, width]; a 1-D layer has height 1. */
function pair(values: readonly number[] | undefined, fallback: number): [number, number] {
  if (!values) return [fallback, fallback]
  return values.length === 1 ? [fallback, values[0]!] : [values[0]!, values[1]!]
}

/** The sizes of a convolution's window, with auto_pad resolved. @param spatial of the convolution's input */
export function windowSizes(
  call: InferredCall,
  window: Window,
  kernelShape: readonly number[],
  spatial: readonly number[] = shapeOf(call.inputs[0]).slice(2),
) {
  return windowOf(window, kernelShape, slide(call, window, kernelShape, spatial).pads ?? [])
}

function windowOf(window: Window, kernelShape: readonly number[], pads: readonly number[]) {
  const [kernelHeight, kernelWidth] = pair(kernelShape, 1)
  const [strideHeight, strideWidth] = pair(window.strides, 1)
  const [dilationHeight, dilationWidth] = pair(window.dilations, 1)
  const [padTop, padLeft] = pair(pads.slice(0, kernelShape.length), 0)
  return { kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft }
}

/** Sizes of the tensors, as the kernels describe them. */
function tensorSizes(call: InferredCall) {
  const input = sizesOf(shapeOf(call.inputs[0]))
  const output = sizesOf(shapeOf(call.outputs[0]))
  return {
    batch: input.batch,
    ...{ inHeight: input.height, inWidth: input.width, inChannels: input.channels },
    ...{ outHeight: output.height, outWidth: output.width, outChannels: output.channels },
  }
}

/** A convolution as the kernels describe it. @param weight which input its weight is */
export function convLayer(call: InferredCall<ConvAttributes>, weight = 1): ConvLayer {
  const kernelShape = shapeOf(call.inputs[weight]).slice(2)
  const { groups, window } = call.attributes
  return { ...tensorSizes(call), groups, ...windowSizes(call, window, kernelShape) }
}

/** The same of a transposed one; the window is ConvTranspose's own. */
function transposedLayer(call: InferredCall<ConvTransposeAttributes>): ConvLayer {
  const kernelShape = shapeOf(call.inputs[1]).slice(2)
  const spatial = (known: InferredCall['inputs'][number]) => shapeOf(known).slice(2)
  const pads = transposedPads(call.attributes, spatial(call.inputs[0]), spatial(call.outputs[0]), kernelShape)
  const { groups, window } = call.attributes
  return { ...tensorSizes(call), groups, ...windowOf(window, kernelShape, pads) }
}

/** Steps in whole numbers of 32 bits, times what pixels and lines take, must not wrap around. */
const largestStep = 2 ** 20

/** Why kernels cannot walk with a window. */
export const refusesWindow = ({ strides = [], dilations = [], pads = [] }: Window): string | undefined =>
  [...strides, ...dilations, ...pads].every((step) => Math.abs(step) <= largestStep)
    ? undefined
    : 'its window takes steps that are too large'

/** Why a convolution is left to the reference. */
export function refusesConv(
  call: InferredCall<{ readonly window: Window }>,
  isConstant: (input: number) => boolean,
): string | undefined {
  if ((call.inputs[0]?.shape?.length ?? 0) > 4) return 'kernels convolve along one or two axes'
  const far = refusesWindow(call.attributes.window)
  if (far) return far
  return isConstant(0) ? 'its input is known beforehand' : undefined
}

/**
 * Weight and bias: known, or addresses where one of them is computed while running; one that is known is put into memory beside the other. Read once:
 * large weights take their time.
 */
export function filtersOf(
  context: LoweringContext,
):
  | { readonly known: { readonly weights: KnownWeights; readonly bias: Float32Array | undefined } }
  | { readonly known?: undefined; readonly computed: { readonly weights: number; readonly bias?: number } } {
  const weights = context.pieces(1)
  const bias = context.floats(2)
  const hasBias = (context.call.node.inputs[2] ?? '') !== ''
  if (weights && (bias || !hasBias)) return { known: { weights, bias } }
  return {
    computed: {
      weights: weights ? stored(wholeFloats(weights), context.alloc) : context.input(1).address,
      bias: bias ? stored(bias, context.alloc) : hasBias ? context.input(2).address : undefined,
    },
  }
}

/** A BatchNormalization behind the layer, for nothing: factors of each output channel's weights, and its bias. */
export function foldAffine(
  bias: Float32Array | undefined,
  affine: Affine | undefined,
): { readonly scale?: Float32Array; readonly bias?: Float32Array } {
  if (!affine) return { bias }
  const { scale, shift } = affine
  return { scale, bias: bias ? shift.map((s, o) => s + bias[o]! * scale[o]!) : shift }
}

/** What both convolutions in float32 compute with. */
function convTensors(context: LoweringContext): ConvTensors {
  const { input, output, affine, epilogue } = context
  const { residual, lo, hi } = epilogue
  const [x, y] = [input(0), output(0)]
  const pixels = { xPixel: x.pixel, yPixel: y.pixel, xRuns: x.runs }
  const places = { x: x.address, y: y.address, ...pixels, residual, lo, hi }
  const filters = filtersOf(context)
  if (filters.known) return { ...places, weights: filters.known.weights, ...foldAffine(filters.known.bias, affine) }
  return {
    ...places,
    weights: { ...filters.computed, scale: affine?.scale, biasScale: affine?.scale, shift: affine?.shift },
  }
}

/** What all convolutions say of themselves. */
export const convolution = {
  layout: 'channelsLast',
  plain: { inputs: [1] },
  fuses: { affine: true, residual: true, clamp: true },
} as const

/** What of a convolution may lie among other channels. */
function convParts(call: InferredCall<ConvAttributes>, isConstant: (input: number) => boolean): Parts {
  const layer = convLayer(call)
  const result = { residual: true, output: true }
  if (isPointwise(layer) && !isDepthwise(layer)) return { ...result, scattered: [0] }
  if (!isDepthwise(layer)) return { ...result, inputs: [0] }
  if (layer.outChannels > layer.inChannels) return result
  const isKnown = isConstant(1) && (isConstant(2) || (call.node.inputs[2] ?? '') === '')
  return isKnown ? { ...result, scattered: [0], eachChannel: true } : { ...result, inputs: [0] }
}

/**
 * A depthwise convolution of channels that lie in several places: one after the other, the result side by side.
 */
function scatteredDepthwise(context: LoweringContext<ConvAttributes>, runs: readonly PlacedRun[]): Step[] {
  const { call, affine, packing } = context
  const layer = convLayer(call)
  const y = context.output(0)
  const { lo, hi } = context.epilogue
  const taps = layer.kernelHeight * layer.kernelWidth
  const weights = context.floats(1)!
  const { scale, bias } = foldAffine(context.floats(2), affine)
  return inTurn(runs, y).flatMap(({ address, pixel, channels, to }) => {
    const some = (values: Float32Array | undefined) => values && Float32Array.from(channels, (c) => values[c]!)
    const own = new Float32Array(taps * channels.length)
    channels.forEach((c, i) => {
      own.set(weights.subarray(c * taps, (c + 1) * taps), i * taps)
    })
    const sizes = { ...layer, inChannels: channels.length, outChannels: channels.length, groups: channels.length }
    const places = { x: address, xPixel: pixel, y: to, yPixel: y.pixel, lo, hi }
    const tensors = { ...places, weights: own, scale: some(scale), bias: some(bias) }
    return lowerDepthwise(sizes, tensors, packedFor(packing, channels))
  })
}

/** Where weights of some channels are packed, apart from those of others. */
export const packedFor = (alloc: Allocator, channels: readonly number[]): Allocator => ({
  alloc: (bytes) => alloc.alloc(bytes),
  scratch: (bytes) => alloc.scratch(bytes),
  get memory() {
    return alloc.memory
  },
  once: (how, make) => once(alloc, `${how} of ${channels}`, make),
})

/** @param direct whether all products of the definition are made, never Winograd's */
export const conv = (direct: boolean): Lowering<ConvAttributes> => ({
  ...convolution,
  refuses: refusesConv,
  parts: convParts,
  lower: (context) => {
    const layer = convLayer(context.call)
    const { runs } = context.input(0)
    if (runs && isDepthwise(layer)) return scatteredDepthwise(context, runs)
    return lowerConv(layer, convTensors(context), context.packing, { direct, sparse: context.sparse })
  },
})

export const convTranspose = (direct: boolean): Lowering<ConvTransposeAttributes> => ({
  ...convolution,
  refuses: refusesConv,
  parts: { inputs: [0], residual: true, output: true },
  lower: (context) =>
    lowerConvTranspose(transposedLayer(context.call), convTensors(context), context.packing, {
      direct,
      sparse: context.sparse,
    }),
})
