import type { Call } from '../graph/index.ts'
import { type ChannelsOf, defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { mapAxisBack } from './resample/emit.ts'
import { gradientOf, shapeIn } from './shared/backward.ts'
import { contentOf, required, typed, wrong } from './shared/check.ts'
import { interpolationCost, passUnscaled, scaledShape } from './shared/interpolation.ts'
import { arithmetic, doubles } from './shared/numbers.ts'
import {
  copied,
  interpolationTaps,
  linearKernel,
  nearestIndex,
  resampled,
  sameShape,
  type Tap,
} from './shared/resampling.ts'

export interface UpsampleAttributes {
  readonly mode: string
  /** Before opset 9; then the second input. */
  readonly scales: readonly number[] | undefined
}

const scalesOf = (call: Call<UpsampleAttributes>) => call.attributes.scales ?? contentOf(call, 1)

/**
 * For every axis, and every element of Y along it, which elements of X it is made of; undefined where the scales depend on data. Where no
 * size changes all is copied, as in Resize.
 */
export function upsampleTaps(call: Call<UpsampleAttributes>, x: readonly number[]): Tap[][][] | undefined {
  const scales = scalesOf(call)
  const y = scales && (scaledShape(call, scales) as readonly number[])
  return scales?.map((scale, axis) => {
    const size = x[axis]!
    if (sameShape(x, y!)) return copied(size)
    return Array.from({ length: y?.[axis] as number }, (_, i) =>
      call.attributes.mode === 'nearest'
        ? [{ index: Math.min(size - 1, nearestIndex(Math.fround(i / scale), 'simple', scale)), weight: 1 }]
        : interpolationTaps(Math.fround(i / scale), size, linearKernel, 1, false),
    )
  })
}

/**
 * Resizes by one factor per axis, nearest or linear: Y at i is X at i/scale (ONNX Upsample, opset 1, 7, 9; replaced by Resize from opset 10 on). Cost: see
 * `interpolationCost`.
 */
export const upsample = defineOperator({
  name: 'Upsample',
  inputs: (opset) => (opset < 9 ? ['X'] : ['X', 'scales: floating']),
  attributes: (a, opset): UpsampleAttributes => ({
    mode: a.choice('mode', ['nearest', 'linear', 'bilinear'], 'nearest'),
    scales: opset < 7 ? [1, 1, a.float('height_scale', 1), a.float('width_scale', 1)] : a.floats('scales'),
  }),
  infer: (call) => [typed(required(call, 0).elementType, scaledShape(call, scalesOf(call)))],
  cost: (call) => interpolationCost(call, call.attributes.mode, false),
})

export const upsampleChannels: ChannelsOf<typeof upsample> = {
  places: 'alike',
  tie: (call, ties) => passUnscaled(call, ties, (axis) => scalesOf(call)?.[axis]),
}

export const upsampleReference: ReferenceOf<typeof upsample> = {
  forward: (call, [x]) => {
    const axes = x && upsampleTaps(call, x.shape)
    if (!axes) return []
    const y = axes.reduce((made, taps, axis) => resampled(made, axis, taps), doubles(x))
    return [arithmetic(x.elementType, y)]
  },
}

export const upsampleTraining: TrainingOf<typeof upsample> = {
  backward: (call) => {
    const shape = shapeIn(call, 0)
    const axes = upsampleTaps(call, shape)
    if (!axes) throw wrong(call, 'no gradient passes where the scales depend on data')
    return [
      axes.reduce((gradient, taps, axis) => mapAxisBack(call, gradient, axis, shape[axis]!, taps), gradientOf(call)),
    ]
  },
}
