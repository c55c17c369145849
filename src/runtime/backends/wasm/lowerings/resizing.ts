import type { InferredCall } from '../../../../graph/index.ts'
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
import { lowerResize, lowerTaps, type Taps } from '../steps/resize.ts'
import type { Step } from '../steps/step.ts'
import { memoryAxes } from '../steps/strides.ts'
import type { Lowering, LoweringContext, Lowerings } from './lowering.ts'
import { inMemory, refusesComputedSettings } from './operands.ts'

const isIdentity = (all: readonly Taps[], size: number): boolean =>
  all.length === size && all.every((taps, i) => taps.length === 1 && taps[0]?.index === i && taps[0].weight === 1)

/** Resizes by the taps of every ONNX axis. */
function resized({ input, output, alloc }: LoweringContext, taps: readonly (readonly Taps[])[]): Step[] {
  const { address, shape, layout } = input(0)
  const tables = memoryAxes(shape.length, layout).flatMap((axis, i) => {
    const all = taps[axis]!
    return isIdentity(all, shape[axis]!) ? [] : [[i, all] as const]
  })
  return lowerResize(address, output(0).address, inMemory(shape, layout), new Map(tables), alloc)
}

/** Settings that are there have a content that is known. */
const refuses = (call: InferredCall, isConstant: (input: number) => boolean): string | undefined =>
  refusesComputedSettings(call, isConstant) ??
  (call.inputs.some((known, i) => i > 0 && known !== undefined && contentOf(call, i) === undefined)
    ? 'its sizes depend on data'
    : undefined)

const resize: Lowering<ResizeAttributes> = {
  layout: 'same',
  refuses: (call, isConstant) => refuses(call, isConstant) ?? (call.attributes.crops ? 'it crops' : undefined),
  lower: (context) =>
    resized(
      context,
      resizeTaps(context.call, context.input(0).shape, context.output(0).shape).map(({ taps }) => taps),
    ),
}

const upsample: Lowering<UpsampleAttributes> = {
  layout: 'same',
  refuses,
  lower: (context) => resized(context, upsampleTaps(context.call, context.input(0).shape) as Taps[][]),
}

const resample: Lowering<ResampleAttributes> = {
  layout: 'same',
  refuses: refusesComputedSettings,
  lower(context) {
    const { call, input, output, alloc } = context
    const { address, shape, layout } = input(0)
    const axis = memoryAxes(shape.length, layout).indexOf(resampleAxis(call))
    return lowerTaps(address, output(0).address, inMemory(shape, layout), axis, tapsOf(call.attributes), alloc)
  },
}

export const resizing: Lowerings = { Resize: resize, Upsample: upsample, 'ai.kerf:Resample': resample }
