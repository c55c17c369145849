import type { ConvAttributes } from '../../../../ops/index.ts'
import { weightCodes } from '../../../../plan/index.ts'
import { lowerAdderConvComputed } from '../steps/adder/computed.ts'
import { fitsIntegers, lowerAdderConv, lowerAdderConvInteger } from '../steps/adder/layer.ts'
import { convLayer, convolution, filtersOf, refusesConv } from './convolution.ts'
import type { Lowering, LoweringContext } from './lowering.ts'

/** Of codes: integers until the sum stands, then float32, or codes for the next layer. */
const adderConvOfCodes: Lowering<ConvAttributes> = {
  layout: 'channelsLast',
  refuses: (call) => (fitsIntegers(convLayer(call)) ? undefined : 'its sums could exceed what floats hold exactly'),
  fuses: { affine: true, residual: true, clamp: true, codes: true },
  parts: { residual: true, output: true },
  lower(context: LoweringContext<ConvAttributes>) {
    const { call, epilogue, affine, packing } = context
    const { residual, lo, hi } = epilogue
    const codes = context.inputCodes!
    const y = context.output(0)
    const tensors = {
      x: context.input(0).address,
      y: y.address,
      yPixel: y.pixel,
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
  parts: { inputs: [0], residual: true, output: true },
  lower(context: LoweringContext<ConvAttributes>) {
    const { call, epilogue, affine, alloc } = context
    const { residual, lo, hi } = epilogue
    const [x, y] = [context.input(0), context.output(0)]
    const places = {
      ...{ x: x.address, y: y.address, xPixel: x.pixel, yPixel: y.pixel, bounds: context.bounds(0) },
      ...{ affine, residual, lo, hi },
    }
    const filters = filtersOf(context)
    return filters.known
      ? lowerAdderConv(convLayer(call), { ...places, ...filters.known }, context.packing)
      : lowerAdderConvComputed(convLayer(call), { ...places, ...filters.computed }, alloc)
  },
  ofCodes: adderConvOfCodes,
}
