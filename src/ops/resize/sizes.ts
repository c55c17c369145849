import { type Dim, type Shape, unknownDim } from '../../base/index.ts'
import type { AttributeReader, Call } from '../../graph/index.ts'
import { contentOf, required, wrong } from '../shared/check.ts'
import { scaledShape } from '../shared/interpolation.ts'
import { distinctAxes } from '../shared/settings.ts'

/*
 * Which axes Resize scales by how much.
 */

export interface ResizeAttributes {
  readonly mode: string
  readonly antialias: boolean
  /** Whether the region of interest is cut out before. */
  readonly crops: boolean
  readonly axes: readonly number[] | undefined
  readonly aspectRatio: string
  readonly coordinateMode: string
  /** Which neighbour is the nearest; 'simple' before opset 11. */
  readonly nearestMode: string
  readonly cubicCoefficient: number
  readonly excludeOutside: boolean
  /** What lies outside of the cropped region. */
  readonly extrapolationValue: number
}

const coordinateModes = [
  ...['half_pixel', 'half_pixel_symmetric', 'pytorch_half_pixel', 'align_corners', 'asymmetric'],
  ...['tf_half_pixel_for_nn', 'tf_crop_and_resize'],
]

export const resizeAttributes = (a: AttributeReader, opset: number): ResizeAttributes => ({
  mode: a.choice('mode', opset < 11 ? ['nearest', 'linear'] : ['nearest', 'linear', 'cubic'], 'nearest'),
  antialias: a.flag('antialias'),
  crops: a.choice('coordinate_transformation_mode', coordinateModes, 'half_pixel') === 'tf_crop_and_resize',
  axes: a.ints('axes'),
  aspectRatio: a.choice('keep_aspect_ratio_policy', ['stretch', 'not_larger', 'not_smaller'], 'stretch'),
  coordinateMode: opset < 11 ? 'asymmetric' : a.choice('coordinate_transformation_mode', coordinateModes, 'half_pixel'),
  nearestMode:
    opset < 11
      ? 'simple'
      : a.choice('nearest_mode', ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'], 'round_prefer_floor'),
  cubicCoefficient: a.float('cubic_coeff_a', -0.75),
  excludeOutside: a.flag('exclude_outside'),
  extrapolationValue: a.float('extrapolation_value', 0),
})

export const inputsOf = (call: Call) =>
  call.opset < 11 ? { roi: -1, scales: 1, sizes: -1 } : { roi: 1, scales: 2, sizes: 3 }

/** Whether an optional input is there: older exporters give an empty tensor for an absent one. */
export const present = (call: Call, input: number): boolean =>
  call.inputs[input] !== undefined && call.inputs[input].shape?.[0] !== 0

/** The axes that scales, sizes and roi are for. */
export function resizedAxes(call: Call<ResizeAttributes>, rank: number): number[] {
  const { axes } = call.attributes
  return axes ? distinctAxes(call, axes, rank) : Array.from({ length: rank }, (_, i) => i)
}

export function resizedShape(call: Call<ResizeAttributes>): Shape | undefined {
  const x = required(call, 0).shape
  const { scales, sizes } = inputsOf(call)
  if (!present(call, scales) && !present(call, sizes))
    throw wrong(call, 'neither scales nor sizes are given', 'Export the model again.')
  if (!x) return undefined
  const axes = resizedAxes(call, x.length)
  const spread = <T>(values: readonly T[] | undefined, others: (axis: number) => T, name: string): T[] | undefined => {
    if (values && values.length !== axes.length)
      throw wrong(call, `${values.length} ${name} [${values}] for ${axes.length} axes`)
    return values && x.map((_, axis) => (axes.includes(axis) ? (values[axes.indexOf(axis)] as T) : others(axis)))
  }
  if (present(call, sizes)) {
    const wanted = spread<Dim>(contentOf(call, sizes), (axis) => x[axis]!, 'sizes')
    if (!wanted) return x.map((d, axis) => (axes.includes(axis) ? unknownDim() : d))
    return keepAspectRatio(call, x, wanted, axes)
  }
  const factors = spread(contentOf(call, scales), () => 1, 'scales')
  return factors ? scaledShape(call, factors) : x.map((d, axis) => (axes.includes(axis) ? unknownDim() : d))
}

/**
 * With a policy other than "stretch", one factor for all resized axes: the smallest that `sizes` ask for, or the largest. NaN where a size
 * is not known.
 */
export function aspectFactor(
  call: Call<ResizeAttributes>,
  x: Shape,
  sizes: readonly Dim[],
  axes: readonly number[],
): number | undefined {
  const { aspectRatio } = call.attributes
  if (aspectRatio === 'stretch') return undefined
  const ratios = axes.map((axis, i) => (sizes[i] as number) / (x[axis] as number))
  return aspectRatio === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios)
}

function keepAspectRatio(call: Call<ResizeAttributes>, x: Shape, wanted: Dim[], axes: readonly number[]): Dim[] {
  const factor = aspectFactor(
    call,
    x,
    axes.map((axis) => wanted[axis]!),
    axes,
  )
  if (factor === undefined) return wanted
  if (Number.isNaN(factor)) return wanted.map((d, axis) => (axes.includes(axis) ? unknownDim() : d))
  return wanted.map((d, axis) => (axes.includes(axis) ? Math.floor((x[axis] as number) * factor + 0.5) : d))
}
