import type { Cut, InferredCall } from '../../graph/index.ts'
import { type ChannelsOf, defineOperator, type ReferenceOf, type TrainingOf } from '../operator.ts'
import { mapAxisBack } from '../resample/emit.ts'
import { gradientOf, shapeIn, shapeOut } from '../shared/backward.ts'
import { contentOf, required, typed } from '../shared/check.ts'
import { interpolationCost, passUnscaled } from '../shared/interpolation.ts'
import { resizeForward, resizeTaps } from './forward.ts'
import { inputsOf, present, type ResizeAttributes, resizeAttributes, resizedAxes, resizedShape } from './sizes.ts'

/*
 * Y is X sampled at another size (ONNX Resize, opset 10, 11, 13, 18, 19). Inputs X, scales in opset 10; from 11 on X, roi, scales, sizes, of
 * which scales or sizes is given (the other is absent or empty). From 18 on `axes` says which axes they are for.
 *
 * Size: floor(size · scale), also where a region is cropped (ONNX's text multiplies by the region's part, no implementation does); or
 * `sizes`, or what keeps the aspect ratio within them.
 */

/** The scale of one axis; undefined where it is cropped, or not known. With sizes: 1, for a size that stays means no scaling. */
function factorOf(call: InferredCall<ResizeAttributes>, axis: number): number | undefined {
  const { scales, sizes } = inputsOf(call)
  const i = resizedAxes(call, call.inputs[0]?.shape?.length ?? 0).indexOf(axis)
  if (i < 0) return 1
  if (call.attributes.crops) return undefined
  return present(call, sizes) ? 1 : contentOf(call, scales)?.[i]
}

/** The entry of `sizes` that is for the channels follows them. */
function cutSizes(call: InferredCall<ResizeAttributes>, cut: Cut): void {
  const { sizes } = inputsOf(call)
  if (!present(call, sizes)) return
  const after = cut.newContent(sizes)
  const patch = new Map<number, number>()
  resizedAxes(call, call.inputs[0]?.shape?.length ?? 0).forEach((axis, i) => {
    const kept = cut.keptInput(0, axis)?.length
    if (kept !== undefined && after?.[i] !== kept) patch.set(i, kept)
  })
  if (patch.size > 0) cut.patchInputInts(sizes, patch)
}

/** Cost: see `interpolationCost`. */
export const resize = defineOperator({
  name: 'Resize',
  inputs: (opset) =>
    opset < 11
      ? ['X', 'scales: floating']
      : opset < 13
        ? ['X', 'roi: floating', 'scales: floating', 'sizes?: whole']
        : ['X', 'roi?: floating', 'scales?: floating', 'sizes?: whole'],
  attributes: resizeAttributes,
  infer: (call) => [typed(required(call, 0).elementType, resizedShape(call))],
  cost: (call) => interpolationCost(call, call.attributes.mode, call.attributes.antialias),
})

export const resizeChannels: ChannelsOf<typeof resize> = {
  places: 'alike',
  tie: (call, ties) => passUnscaled(call, ties, (axis) => factorOf(call, axis)),
  cut: cutSizes,
}

export const resizeReference: ReferenceOf<typeof resize> = {
  forward: (call, [x]) => (x ? [resizeForward(call, x, resizedShape(call) as readonly number[])] : []),
}

export const resizeTraining: TrainingOf<typeof resize> = {
  // Every axis back by the same weights; what lies outside of a cropped region is a constant.
  backward: (call) => {
    const shape = shapeIn(call, 0)
    return [
      resizeTaps(call, shape, shapeOut(call)).reduce(
        (gradient, { taps, outside }, axis) =>
          mapAxisBack(
            call,
            gradient,
            axis,
            shape[axis]!,
            taps.map((list, i) => (outside[i] ? [] : list)),
          ),
        gradientOf(call),
      ),
    ]
  },
}
