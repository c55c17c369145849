import type { InferredCall } from '../../../../graph/index.ts'
import { type ReduceAttributes, reducedAxes } from '../../../../ops/index.ts'
import { lowerBinary, lowerUnary } from '../steps/elementwise.ts'
import { lowerReduce, type Reduction } from '../steps/reduce.ts'
import type { Step } from '../steps/step.ts'
import { memoryAxes } from '../steps/strides.ts'
import type { Lowering, LoweringContext, Lowerings } from './lowering.ts'
import { count, inMemory, refusesComputedSettings } from './operands.ts'

/**
 * Channels last only where what is left of the input's memory is the result in its layout: [N, H, W, C] without H is, without W and N it is [H, C], where
 * the result is [C, H].
 */
function layout(call: InferredCall<ReduceAttributes>): 'same' | 'plain' {
  if (call.attributes.keepDims) return 'same'
  const rank = call.inputs[0]?.shape?.length ?? 0
  const axes = reducedAxes(call, rank) ?? []
  const isKept = (axis: number) => !axes.includes(axis)
  const kept = memoryAxes(rank, 'plain').filter(isKept)
  const asResult = inMemory(kept, 'channelsLast')
  const asLeft = memoryAxes(rank, 'channelsLast').filter(isKept)
  return asResult.every((axis, i) => axis === asLeft[i]) ? 'same' : 'plain'
}

const refuses = (call: InferredCall<ReduceAttributes>, isConstant: (input: number) => boolean): string | undefined =>
  refusesComputedSettings(call, isConstant) ??
  (reducedAxes(call, call.inputs[0]?.shape?.length ?? 0) ? undefined : 'its axes depend on data')

/** The input and which of its axes are reduced, in the order of memory. */
function reductionOf({ call, input }: LoweringContext<ReduceAttributes>): {
  address: number
  shape: number[]
  axes: number[]
} {
  const x = input(0)
  const axes = reducedAxes(call, x.shape.length)!
  const order = memoryAxes(x.shape.length, x.layout)
  return {
    address: x.address,
    shape: inMemory(x.shape, x.layout),
    axes: order.flatMap((axis, i) => (axes.includes(axis) ? [i] : [])),
  }
}

const reduce = (f: Reduction): Lowering<ReduceAttributes> => ({
  layout,
  integers: f === 'max' || f === 'min',
  refuses,
  lower(context) {
    const { address, shape, axes } = reductionOf(context)
    return lowerReduce(f, address, context.output(0).address, shape, axes, context.alloc)
  },
})

/** ln Σ exp(x) = m + ln Σ exp(x − m) with the maximum m, so that nothing overflows. */
const logSumExp: Lowering<ReduceAttributes> = {
  layout,
  refuses: (call, isConstant) =>
    refuses(call, isConstant) ?? (count(call.inputs[0]?.shape as number[]) === 0 ? 'it has no elements' : undefined),
  lower(context): Step[] {
    const { address, shape, axes } = reductionOf(context)
    const y = context.output(0).address
    const kept = shape.map((d, axis) => (axes.includes(axis) ? 1 : d))
    const top = context.alloc.scratch(4 * count(kept))
    const shifted = context.alloc.scratch(4 * count(shape))
    return [
      ...lowerReduce('max', address, top, shape, axes, context.alloc),
      // Where all are −∞ the shift must not make NaN of them.
      ...lowerUnary('clip', top, top, count(kept), -3.4028234663852886e38, 3.4028234663852886e38),
      ...lowerBinary('sub', { address, shape }, { address: top, shape: kept }, shifted, shape),
      ...lowerUnary('exp', shifted, shifted, count(shape)),
      ...lowerReduce('logSum', shifted, y, shape, axes, context.alloc),
      ...lowerBinary('add', { address: y, shape: kept }, { address: top, shape: kept }, y, kept),
    ]
  },
}

export const reducing: Lowerings = {
  ReduceSum: reduce('sum'),
  ReduceMean: reduce('mean'),
  ReduceMax: reduce('max'),
  ReduceMin: reduce('min'),
  ReduceProd: reduce('prod'),
  ReduceSumSquare: reduce('sumSquare'),
  ReduceL1: reduce('l1'),
  ReduceL2: reduce('l2'),
  ReduceLogSum: reduce('logSum'),
  ReduceLogSumExp: logSumExp,
}
