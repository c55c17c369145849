import type { InferredCall } from '../../../../graph/index.ts'
import type { BatchNormalizationAttributes } from '../../../../ops/index.ts'
import { lowerBatchApply, lowerBatchNorm } from '../steps/batch-norm.ts'
import { lowerAffine, lowerBinary, lowerUnary } from '../steps/elementwise.ts'
import type { Step } from '../steps/step.ts'
import { type Lowering, type LoweringContext, shapeOf } from './lowering.ts'
import { count, inTurn, stored } from './operands.ts'

/** Address of a vector that is known or computed. */
export const vector = (context: LoweringContext, index: number): number => {
  const values = context.floats(index)
  return values ? stored(values, context.alloc) : context.input(index).address
}

/** Address of an output, 0 where nobody asks for it. */
export const wanted = (context: LoweringContext, index: number): number =>
  (context.call.node.outputs[index] ?? '') === '' ? 0 : context.output(index).address

/** @param x which input is normalised */
export function batchSizes(call: InferredCall<{ readonly epsilon: number }>, x: number) {
  const shape = shapeOf(call.inputs[x])
  const channels = shape[1]!
  return { channels, rows: count(shape) / Math.max(1, channels), epsilon: call.attributes.epsilon }
}

function training(context: LoweringContext<BatchNormalizationAttributes>): Step[] {
  const { call, input, output, epilogue, alloc } = context
  const [scale, bias, runningMean, runningVariance] = [1, 2, 3, 4].map((i) => vector(context, i)) as [
    number,
    number,
    number,
    number,
  ]
  return lowerBatchNorm(
    { ...batchSizes(call, 0), momentum: call.attributes.momentum },
    {
      ...{ x: input(0).address, y: output(0).address, scale, bias, runningMean, runningVariance, ...epilogue },
      ...{ newMean: wanted(context, 1), newVariance: wanted(context, 2) },
    },
    alloc,
  )
}

/** With known parameters: one multiplication and one addition per element. */
function folded(context: LoweringContext<BatchNormalizationAttributes>): Step[] | undefined {
  const [gamma, beta, means, variances] = [1, 2, 3, 4].map((i) => context.floats(i))
  if (!gamma || !beta || !means || !variances || context.epilogue.residual !== undefined) return undefined
  const scale = gamma.map((g, c) => g / Math.sqrt(variances[c]! + context.call.attributes.epsilon))
  const shift = beta.map((b, c) => b - means[c]! * scale[c]!)
  const { rows, channels } = batchSizes(context.call, 0)
  const { lo, hi } = context.epilogue
  const [x, y] = [context.input(0), context.output(0)]
  const all = {
    address: x.address,
    pixel: x.pixel,
    channels: Array.from({ length: channels }, (_, c) => c),
    to: y.address,
  }
  return (x.runs ? inTurn(x.runs, y) : [all]).flatMap(({ address, pixel, channels, to }) => {
    const some = (values: Float32Array) =>
      stored(
        Float32Array.from(channels, (c) => values[c]!),
        context.alloc,
      )
    const sizes = { batch: 1, rows, channels: channels.length, xRow: pixel, yRow: y.pixel }
    return lowerAffine(address, to, some(scale), some(shift), sizes, { lo, hi })
  })
}

/** With parameters of which some are computed: factors scale / √(variance + ε) first. */
function inference(context: LoweringContext<BatchNormalizationAttributes>): Step[] {
  const [scale, bias, means, variance] = [1, 2, 3, 4].map((i) => vector(context, i)) as [number, number, number, number]
  const sizes = batchSizes(context.call, 0)
  const { channels } = sizes
  const factors = context.alloc.scratch(4 * channels)
  const shape = [channels]
  return [
    ...lowerUnary('linear', variance, factors, channels, 1, sizes.epsilon),
    ...lowerUnary('sqrt', factors, factors, channels),
    ...lowerBinary('div', { address: scale, shape }, { address: factors, shape }, factors, shape),
    ...lowerBatchApply(sizes, {
      ...{ x: context.input(0).address, y: context.output(0).address, means, factors, bias, ...context.epilogue },
    }),
  ]
}

export const batchNormalization: Lowering<BatchNormalizationAttributes> = {
  layout: 'channelsLast',
  refuses(call, isConstant) {
    if (call.attributes.perElement) return 'it has parameters for every element'
    if ((call.inputs[0]?.shape?.length ?? 0) < 2) return 'it has no channel axis'
    if (call.node.outputs.slice(3).some((o) => o !== '')) return 'its saved statistics are asked for'
    if (isConstant(0)) return 'its input is known beforehand'
    return count(shapeOf(call.inputs[0])) === 0 ? 'its input is empty' : undefined
  },
  fuses: { clamp: true, residual: true },
  inPlace: true,
  parts: ({ attributes, inputs }, isConstant) =>
    !attributes.training && inputs.every((_, i) => i === 0 || isConstant(i))
      ? { scattered: [0], eachChannel: true, output: true }
      : undefined,
  lower: (context) => (context.call.attributes.training ? training(context) : (folded(context) ?? inference(context))),
}
