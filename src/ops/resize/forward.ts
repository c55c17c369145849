import type { Call, Dense } from '../../graph/index.ts'
import { contentOf } from '../shared/check.ts'
import { fromIndices } from '../shared/indices.ts'
import { arithmetic, doubles } from '../shared/numbers.ts'
import {
  copied,
  cubicKernel,
  interpolationTaps,
  linearKernel,
  nearestIndex,
  resampled,
  sameShape,
  type Tap,
} from '../shared/resampling.ts'
import { aspectFactor, inputsOf, present, type ResizeAttributes, resizedAxes } from './sizes.ts'

const { fround } = Math

/** One resized axis: how long it is and becomes, the factor between, and the part of it that is taken (cropping only). */
interface AxisScale {
  readonly from: number
  readonly to: number
  readonly scale: number
  readonly start: number
  readonly end: number
}

/**
 * Where element i of the resized axis lies in the original one (ONNX Resize, coordinate_transformation_mode). The resized length is the
 * one of the output, a whole number, as in PyTorch and ONNX Runtime; ONNX's own reference takes from · scale where it is none.
 * Quotients are rounded to float32, as runtimes calculate: 8.5 / 1.7 is 5, although 1.7 in float32 is a little more.
 */
function position(mode: string, i: number, { from, to, scale, start, end }: AxisScale): number {
  switch (mode) {
    case 'asymmetric':
      return fround(i / scale)
    case 'align_corners':
      return to === 1 ? 0 : (i * (from - 1)) / (to - 1)
    case 'pytorch_half_pixel':
      return to > 1 ? fround((i + 0.5) / scale) - 0.5 : 0
    case 'half_pixel_symmetric':
      return (from / 2) * (1 - to / (from * scale)) + fround((i + 0.5) / scale) - 0.5
    case 'tf_crop_and_resize':
      return to > 1
        ? start * (from - 1) + (i * (end - start) * (from - 1)) / (to - 1)
        : 0.5 * (start + end) * (from - 1)
    case 'tf_half_pixel_for_nn':
      return fround((i + 0.5) / scale)
    default:
      return fround((i + 0.5) / scale) - 0.5
  }
}

function scalesOf(call: Call<ResizeAttributes>, x: readonly number[], y: readonly number[]): AxisScale[] {
  const { roi, scales, sizes } = inputsOf(call)
  const axes = resizedAxes(call, x.length)
  const region = call.attributes.crops ? contentOf(call, roi) : undefined
  const given = present(call, sizes) ? undefined : contentOf(call, scales)
  const factor = present(call, sizes) ? aspectFactor(call, x, contentOf(call, sizes) as number[], axes) : undefined
  return x.map((from, axis) => {
    const to = y[axis]!
    const i = axes.indexOf(axis)
    if (i < 0) return { from, to, scale: 1, start: 0, end: 1 }
    const scale = fround(given?.[i] ?? factor ?? to / from)
    return { from, to, scale, start: region?.[i] ?? 0, end: region?.[axes.length + i] ?? 1 }
  })
}

/**
 * For every axis, and every element of Y along it, which elements of X it is made of, and whether it lies outside of what is cropped. An
 * axis of scale 1 is copied, and so are all where no size changes (2 · 1.3 is 2 again; with antialiasing, each for itself), as in ONNX
 * Runtime.
 */
export function resizeTaps(
  call: Call<ResizeAttributes>,
  x: readonly number[],
  y: readonly number[],
): { taps: Tap[][]; outside: boolean[] }[] {
  const { mode, coordinateMode, nearestMode, antialias, cubicCoefficient, excludeOutside, crops } = call.attributes
  const kernel = mode === 'cubic' ? cubicKernel(cubicCoefficient) : linearKernel
  return scalesOf(call, x, y).map((axisScale) => {
    const { from, to, scale } = axisScale
    if (!crops && (scale === 1 || sameShape(x, y) || (antialias && to === from)))
      return { taps: copied(from), outside: [] }
    const positions = Array.from({ length: to }, (_, i) => position(coordinateMode, i, axisScale))
    const taps = positions.map((at): Tap[] => {
      if (mode !== 'nearest')
        return interpolationTaps(at, from, kernel, antialias ? Math.min(1, scale) : 1, excludeOutside)
      return [{ index: Math.min(from - 1, Math.max(0, nearestIndex(at, nearestMode, scale))), weight: 1 }]
    })
    return { taps, outside: positions.map((at) => crops && (at < 0 || at > from - 1)) }
  })
}

/** X resampled axis by axis to the shape of Y. */
export function resizeForward(call: Call<ResizeAttributes>, x: Dense, shape: readonly number[]): Dense {
  const axes = resizeTaps(call, x.shape, shape)
  const y = axes.reduce((made, { taps }, axis) => resampled(made, axis, taps), doubles(x))
  if (!call.attributes.crops) return arithmetic(x.elementType, y)
  const data = fromIndices(shape, (index, flat) =>
    index.some((i, axis) => axes[axis]?.outside[i]) ? call.attributes.extrapolationValue : y.data[flat]!,
  )
  return arithmetic(x.elementType, { shape, data })
}
