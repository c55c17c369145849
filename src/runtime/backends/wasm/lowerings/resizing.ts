import type { Call, InferredCall } from '../../../../graph/index.ts'
import {
  contentOf,
  type ResampleAttributes,
  type ResizeAttributes,
  resampleAxis,
  resizeTaps,
  tapsOf,
  type UpsampleAttributes,
  upsampleTaps,
} from '../../../../ops/index.ts'
import { lowerResize, lowerTaps, type Taps } from '../lower-resize.ts'
import type { Lowering, LoweringContext } from '../lowering.ts'
import type { Step } from '../step.ts'
import { memoryAxes } from '../strides.ts'
import { inMemory, refusesComputedSettings } from './operands.ts'

const isIdentity = (all: readonly Taps[], size: number): boolean =>
  all.length === size && all.every((taps, i) => taps.length === 1 && taps[0]?.index === i && taps[0].weight === 1)

/** Resizes by the taps of every ONNX axis. */
function resized({ input, output, alloc }: LoweringContext<never>, taps: readonly (readonly Taps[])[]): Step[] {
  const { address, shape, layout } = input(0)
  const tables = memoryAxes(shape.length, layout).flatMap((axis, i) => {
    const all = taps[axis]!
    return isIdentity(all, shape[axis]!) ? [] : [[i, all] as const]
  })
  return lowerResize(address, output(0).address, inMemory(shape, layout), new Map(tables), alloc)
}

/** Settings that are there have a content that is known. */
const refuses = (call: InferredCall<never>, isConstant: (input: number) => boolean): string | undefined =>
  refusesComputedSettings(call, isConstant) ??
  (call.inputs.some((known, i) => i > 0 && known !== undefined && contentOf(call as Call, i) === undefined)
    ? 'its sizes depend on data'
    : undefined)

const resize: Lowering<ResizeAttributes> = {
  layout: 'same',
  refuses: (call, isConstant) =>
    refuses(call as InferredCall<never>, isConstant) ?? (call.attributes.crops ? 'it crops' : undefined),
  lower: (context) =>
    resized(
      context as LoweringContext<never>,
      resizeTaps(context.call, context.input(0).shape, context.output(0).shape).map(({ taps }) => taps),
    ),
}

const upsample: Lowering<UpsampleAttributes> = {
  layout: 'same',
  refuses: (call, isConstant) => refuses(call as InferredCall<never>, isConstant),
  lower: (context) =>
    resized(context as LoweringContext<never>, upsampleTaps(context.call, context.input(0).shape) as Taps[][]),
}

const resample: Lowering<ResampleAttributes> = {
  layout: 'same',
  refuses: (call, isConstant) => refusesComputedSettings(call as InferredCall<never>, isConstant),
  lower(context) {
    const { call, input, output, alloc } = context
    const { address, shape, layout } = input(0)
    const axis = memoryAxes(shape.length, layout).indexOf(resampleAxis(call))
    return lowerTaps(address, output(0).address, inMemory(shape, layout), axis, tapsOf(call.attributes), alloc)
  },
}

export const resizing = { Resize: resize, Upsample: upsample, 'ai.kerf:Resample': resample } as const
