import type { InferredCall, Known } from '../../../../graph/index.ts'
import type {
  AdderConvInputGradientAttributes,
  BatchNormalizationGradientAttributes,
  ClipGradientAttributes,
  ConvAttributes,
  PoolAttributes,
} from '../../../../ops/index.ts'
import { lowerAdderInputGradient } from '../steps/adder/computed.ts'
import { lowerBatchNormGradient } from '../steps/batch-norm.ts'
import { lowerSignGradient, lowerWeightGradient } from '../steps/convolution/gradient.ts'
import type { ConvLayer } from '../steps/convolution/sizes.ts'
import { lowerPoolGradient } from '../steps/pool.ts'
import { step } from '../steps/step.ts'
import { batchSizes, vector, wanted } from './batch-norm.ts'
import { refusesWindow, windowSizes } from './convolution.ts'
import { type Lowering, type Lowerings, shapeOf, sizesOf } from './lowering.ts'
import { count } from './operands.ts'
import { poolLayer } from './pooling.ts'

/*
 * Operators of training graphs: gradients that are no other operator.
 */

/** The convolution of which a node is the gradient: inputs x and dy, by their indices. @param weight the weight, or its gradient */
function layerOf(call: InferredCall<ConvAttributes>, x: number, dy: number, weight: Known | undefined): ConvLayer {
  const input = sizesOf(shapeOf(call.inputs[x]))
  const output = sizesOf(shapeOf(call.inputs[dy]))
  const { window, groups } = call.attributes
  return {
    ...{ batch: input.batch, inHeight: input.height, inWidth: input.width, inChannels: input.channels, groups },
    ...{ outHeight: output.height, outWidth: output.width, outChannels: output.channels },
    ...windowSizes(call, window, shapeOf(weight).slice(2), shapeOf(call.inputs[x]).slice(2)),
  }
}

const refuses = (call: InferredCall<ConvAttributes>, isConstant: (input: number) => boolean): string | undefined => {
  if ((call.inputs[0]?.shape?.length ?? 0) > 4) return 'kernels convolve along one or two axes'
  const far = refusesWindow(call.attributes.window)
  if (far) return far
  const known = call.inputs.findIndex((_, i) => isConstant(i))
  if (known >= 0) return `input ${known} is known beforehand`
  // Padding is made by copies that only add.
  return call.attributes.window.pads?.some((p) => p < 0) ? 'its padding is negative' : undefined
}

const convWeightGradient: Lowering<ConvAttributes> = {
  layout: 'channelsLast',
  plain: { outputs: [0] },
  refuses,
  lower({ call, input, output, alloc }) {
    const places = { x: input(0).address, dy: input(1).address, dw: output(0).address }
    return lowerWeightGradient(layerOf(call, 0, 1, call.outputs[0]), places, alloc)
  },
}

const adderConvWeightGradient: Lowering<ConvAttributes> = {
  layout: 'channelsLast',
  plain: { inputs: [2], outputs: [0] },
  refuses,
  lower({ call, input, output, alloc }) {
    const places = { dy: input(0).address, x: input(1).address, w: input(2).address, dw: output(0).address }
    return lowerSignGradient(layerOf(call, 1, 0, call.inputs[2]), places, alloc)
  },
}

const adderConvInputGradient: Lowering<AdderConvInputGradientAttributes> = {
  layout: 'channelsLast',
  plain: { inputs: [2] },
  refuses,
  lower({ call, input, output, bounds, alloc }) {
    const places = { dy: input(0).address, x: input(1).address, w: input(2).address, dx: output(0).address }
    return lowerAdderInputGradient(
      layerOf(call, 1, 0, call.inputs[2]),
      call.attributes.difference,
      places,
      alloc,
      bounds(1),
    )
  },
}

const clipGradient: Lowering<ClipGradientAttributes> = {
  layout: 'same',
  refuses: (_, isConstant) => (isConstant(0) || isConstant(1) ? 'one of its inputs is known beforehand' : undefined),
  inPlace: true,
  parts: { inputs: [0, 1], output: true },
  lower({ call, input, output }) {
    const places = [input(0), input(1), output(0)] as const
    const [dy, y, dx] = places
    const elements = count(y.shape)
    if (elements === 0) return []
    const channels = y.layout === 'channelsLast' ? y.shape[1]! : elements
    const isWhole = channels === elements || places.every(({ pixel }) => pixel === channels)
    const rows = isWhole
      ? { rows: 1, channels: elements, dyPixel: elements, yPixel: elements, dxPixel: elements }
      : { rows: elements / channels, channels, dyPixel: dy.pixel, yPixel: y.pixel, dxPixel: dx.pixel }
    const { min, max } = call.attributes
    const addresses = { dy: dy.address, y: y.address, dx: dx.address }
    return [step('clipGradientF32', { ...addresses, ...rows, lo: min, hi: max })]
  },
}

/** Gradient of BatchNormalization in training: dX, dscale, dbias from dY, X, scale. */
const batchNormalizationGradient: Lowering<BatchNormalizationGradientAttributes> = {
  layout: 'channelsLast',
  inPlace: true,
  refuses: (call, isConstant) =>
    isConstant(0) || isConstant(1)
      ? 'its input is known beforehand'
      : (call.inputs[1]?.shape?.length ?? 0) < 2
        ? 'it has no channel axis'
        : count(shapeOf(call.inputs[1])) === 0
          ? 'its input is empty'
          : undefined,
  lower(context) {
    const dx = wanted(context, 0)
    return lowerBatchNormGradient(
      batchSizes(context.call, 1),
      {
        ...{ dy: context.input(0).address, x: context.input(1).address, scale: vector(context, 2) },
        ...{ dx: dx === 0 ? undefined : dx, dscale: wanted(context, 1), dbias: wanted(context, 2) },
      },
      context.alloc,
    )
  },
}

/** Inputs dY and, of maxima, X. */
const poolGradient = (average: boolean): Lowering<PoolAttributes> => ({
  layout: 'channelsLast',
  refuses(call, isConstant) {
    if ((call.inputs[0]?.shape?.length ?? 0) > 5) return 'kernels pool along one to three axes'
    const far = refusesWindow(call.attributes.window)
    if (far) return far
    return call.inputs.some((_, i) => isConstant(i)) ? 'one of its inputs is known beforehand' : undefined
  },
  lower({ call, input, output, alloc }) {
    const layer = poolLayer(call, output(0).shape, input(0).shape, average)
    const x = average ? 0 : input(1).address
    return lowerPoolGradient(layer, { dy: input(0).address, x, dx: output(0).address }, alloc)
  },
})

export const gradients: Lowerings = {
  'ai.kerf:ConvWeightGradient': convWeightGradient,
  'ai.kerf:AdderConvWeightGradient': adderConvWeightGradient,
  'ai.kerf:AdderConvInputGradient': adderConvInputGradient,
  'ai.kerf:BatchNormalizationGradient': batchNormalizationGradient,
  'ai.kerf:ClipGradient': clipGradient,
  'ai.kerf:MaxPoolGradient': poolGradient(false),
  'ai.kerf:AveragePoolGradient': poolGradient(true),
}
