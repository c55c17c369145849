import type { Affine, InferredCall } from '../../../../graph/index.ts'
import {
  type ConvAttributes,
  type ConvTransposeAttributes,
  slide,
  transposedPads,
  type Window,
} from '../../../../ops/index.ts'
import { weightCodes } from '../../../../plan/index.ts'
import { type KnownWeights, wholeFloats } from '../packing/weights.ts'
import { lowerAdderConvComputed } from '../steps/adder/computed.ts'
import { fitsIntegers, lowerAdderConv, lowerAdderConvInteger } from '../steps/adder/layer.ts'
import { lowerConv, lowerConvTranspose } from '../steps/convolution/layer.ts'
import type { ConvLayer, ConvTensors } from '../steps/convolution/sizes.ts'
import { type Lowering, type LoweringContext, shapeOf, sizesOf } from './lowering.ts'
import { stored } from './operands.ts'

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

/** Why a convolution is left to the reference. */
export function refusesConv(call: InferredCall, isConstant: (input: number) => boolean): string | undefined {
  if ((call.inputs[0]?.shape?.length ?? 0) > 4) return 'kernels convolve along one or two axes'
  return isConstant(0) ? 'its input is known beforehand' : undefined
}

/**
 * Weight and bias: known, or addresses where one of them is computed while running; one that is known is put into memory beside the other. Read once:
 * large weights take their time.
 */
function filtersOf(
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
  const places = { x: input(0).address, y: output(0).address, residual, lo, hi }
  const filters = filtersOf(context)
  if (filters.known) return { ...places, weights: filters.known.weights, ...foldAffine(filters.known.bias, affine) }
  return {
    ...places,
    weights: { ...filters.computed, scale: affine?.scale, biasScale: affine?.scale, shift: affine?.shift },
  }
}

const convolution = {
  layout: 'channelsLast',
  plain: { inputs: [1] },
  fuses: { affine: true, residual: true, clamp: true },
} as const

/** @param direct whether all products of the definition are made, never Winograd's */
export const conv = (direct: boolean): Lowering<ConvAttributes> => ({
  ...convolution,
  refuses: refusesConv,
  lower: (context) =>
    lowerConv(convLayer(context.call), convTensors(context), context.packing, { direct, sparse: context.sparse }),
})

export const convTranspose = (direct: boolean): Lowering<ConvTransposeAttributes> => ({
  ...convolution,
  refuses: refusesConv,
  lower: (context) =>
    lowerConvTranspose(transposedLayer(context.call), convTensors(context), context.packing, {
      direct,
      sparse: context.sparse,
    }),
})

/** The same of codes: integers until the sum stands, then float32, or codes for the next layer. */
const adderConvOfCodes: Lowering<ConvAttributes> = {
  layout: 'channelsLast',
  refuses: (call) => (fitsIntegers(convLayer(call)) ? undefined : 'its sums could exceed what floats hold exactly'),
  fuses: { affine: true, residual: true, clamp: true, codes: true },
  lower(context: LoweringContext<ConvAttributes>) {
    const { call, epilogue, affine, packing } = context
    const { residual, lo, hi } = epilogue
    const codes = context.inputCodes!
    const tensors = {
      x: context.input(0).address,
      y: context.output(0).address,
      weights: () => weightCodes(context.floats(1)!, codes)!,
      bias: context.floats(2),
      affine,
      codes,
      output: context.outputCodes ?? ('float32' as const),
    }
    return lowerAdderConvInteger(convLayer(call), { ...tensors, residual, lo, hi }, packing)
  },
}

/** L1 convolution in float32. A BatchNormalization behind it goes into the affine step that every filter has anyway. */
export const adderConv: Lowering<ConvAttributes> = {
  ...convolution,
  refuses: refusesConv,
  lower(context: LoweringContext<ConvAttributes>) {
    const { call, epilogue, affine, alloc } = context
    const { residual, lo, hi } = epilogue
    const places = {
      ...{ x: context.input(0).address, y: context.output(0).address, bounds: context.bounds(0) },
      ...{ affine, residual, lo, hi },
    }
    const filters = filtersOf(context)
    return filters.known
      ? lowerAdderConv(convLayer(call), { ...places, ...filters.known }, context.packing)
      : lowerAdderConvComputed(convLayer(call), { ...places, ...filters.computed }, alloc)
  },
  ofCodes: adderConvOfCodes,
}
