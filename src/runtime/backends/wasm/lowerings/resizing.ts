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
import type { Layout, Parts } from '../../../../plan/index.ts'
import { lowerResize, lowerTaps, type ResizeTables, resizesPixels, type Taps } from '../steps/resize.ts'
import type { Step } from '../steps/step.ts'
import { memoryAxes } from '../steps/strides.ts'
import { type Lowering, type LoweringContext, type Lowerings, shapeOf } from './lowering.ts'
import { inMemory, refusesComputedSettings } from './operands.ts'

const isIdentity = (all: readonly Taps[], size: number): boolean =>
  all.length === size && all.every((taps, i) => taps.length === 1 && taps[0]?.index === i && taps[0].weight === 1)

/** The taps of axes that change, in the order of memory. */
function tablesOf(shape: readonly number[], layout: Layout, taps: readonly (readonly Taps[])[]): ResizeTables {
  const tables = memoryAxes(shape.length, layout).flatMap((axis, i) => {
    const all = taps[axis]!
    return isIdentity(all, shape[axis]!) ? [] : [[i, all] as const]
  })
  return new Map(tables)
}

/** Resizes by the taps of every ONNX axis. */
function resized({ input, output, alloc }: LoweringContext, taps: readonly (readonly Taps[])[]): Step[] {
  const [{ address, shape, layout, pixel }, y] = [input(0), output(0)]
  const tables = tablesOf(shape, layout, taps)
  const isOfPixels = layout === 'channelsLast' && shape.length === 4 && resizesPixels(tables)
  const pixels = isOfPixels ? { xPixel: pixel, yPixel: y.pixel } : undefined
  return lowerResize(address, y.address, inMemory(shape, layout), tables, alloc, pixels)
}

/** Whether pixels may lie apart, given the taps of every ONNX axis. */
function partsFor(call: InferredCall, taps: readonly (readonly Taps[])[]): Parts | undefined {
  const shape = shapeOf(call.inputs[0])
  return shape.length === 4 && resizesPixels(tablesOf(shape, 'channelsLast', taps))
    ? { inputs: [0], output: true }
    : undefined
}

const tapsOfResize = (call: InferredCall<ResizeAttributes>): Taps[][] =>
  resizeTaps(call, shapeOf(call.inputs[0]), shapeOf(call.outputs[0])).map(({ taps }) => taps) as Taps[][]

/** Settings that are there have a content that is known. */
const refuses = (call: InferredCall, isConstant: (input: number) => boolean): string | undefined =>
  refusesComputedSettings(call, isConstant) ??
  (call.inputs.some((known, i) => i > 0 && known !== undefined && contentOf(call, i) === undefined)
    ? 'its sizes depend on data'
    : undefined)

const resize: Lowering<ResizeAttributes> = {
  layout: 'same',
  refuses: (call, isConstant) => refuses(call, isConstant) ?? (call.attributes.crops ? 'it crops' : undefined),
  parts: (call) => partsFor(call, tapsOfResize(call)),
  lower: (context) => resized(context, tapsOfResize(context.call)),
}

const upsample: Lowering<UpsampleAttributes> = {
  layout: 'same',
  refuses,
  parts: (call) => partsFor(call, upsampleTaps(call, shapeOf(call.inputs[0])) as Taps[][]),
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
