import { type Dim, type Shape, unknownDim } from '../../base/index.ts'
import type { AttributeReader, Call, Cut, InferredCall } from '../../graph/index.ts'
import { contentOf, required, typed, wrong } from '../check.ts'
import { checkMode, interpolationCost, passUnscaled, scaled, scaledShape } from '../interpolation.ts'
import { defineOperator } from '../operator.ts'
import { distinctAxes } from '../settings.ts'

/*
 * Y is X sampled at another size (ONNX Resize, opset 10, 11, 13, 18, 19). Inputs X, scales in opset 10; from 11 on X, roi, scales, sizes, of
 * which scales or sizes is given (the other is absent or empty). From 18 on `axes` says which axes they are for.
 *
 * Size: floor(size · scale), of the region of interest where that is cropped; or `sizes`, or what keeps the aspect ratio within them.
 */

interface ResizeAttributes {
  readonly mode: string
  readonly antialias: boolean
  /** Whether the region of interest is cut out before. */
  readonly crops: boolean
  readonly axes: readonly number[] | undefined
  readonly aspectRatio: string
}

const attributes = (a: AttributeReader): ResizeAttributes => ({
  mode: a.string('mode', 'nearest'),
  antialias: a.int('antialias', 0) === 1,
  crops: a.string('coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize',
  axes: a.ints('axes'),
  aspectRatio: a.string('keep_aspect_ratio_policy', 'stretch'),
})

const inputsOf = (call: Call) => (call.opset < 11 ? { roi: -1, scales: 1, sizes: -1 } : { roi: 1, scales: 2, sizes: 3 })

/** Whether an optional input is there: older exporters give an empty tensor for an absent one. */
const present = (call: Call, input: number): boolean =>
  call.inputs[input] !== undefined && call.inputs[input].shape?.[0] !== 0

/** The axes that scales, sizes and roi are for. */
function resizedAxes(call: Call<ResizeAttributes>, rank: number): number[] {
  const { axes } = call.attributes
  return axes ? distinctAxes(call, axes, rank) : Array.from({ length: rank }, (_, i) => i)
}

function resizedShape(call: Call<ResizeAttributes>): Shape | undefined {
  const x = required(call, 0).shape
  const { roi, scales, sizes } = inputsOf(call)
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
    const wanted = spread<Dim>(contentOf(call, sizes), (axis) => x[axis] as Dim, 'sizes')
    if (!wanted) return x.map((d, axis) => (axes.includes(axis) ? unknownDim() : d))
    return keepAspectRatio(call, x, wanted, axes)
  }
  const factors = spread(contentOf(call, scales), () => 1, 'scales')
  if (!factors || !call.attributes.crops)
    return factors ? scaledShape(call, factors) : x.map((d, axis) => (axes.includes(axis) ? unknownDim() : d))
  const region = contentOf(call, roi)
  return x.map((d, axis) => {
    const i = axes.indexOf(axis)
    if (i < 0) return d
    return scaled(
      d,
      region && ((region[axes.length + i] as number) - (region[i] as number)) * (factors[axis] as number),
    )
  })
}

/** With a policy other than "stretch", one factor for all resized axes: the smallest that `sizes` ask for, or the largest. */
function keepAspectRatio(call: Call<ResizeAttributes>, x: Shape, wanted: Dim[], axes: readonly number[]): Dim[] {
  const { aspectRatio } = call.attributes
  if (aspectRatio === 'stretch') return wanted
  const ratios = axes.map((a) => (wanted[a] as number) / (x[a] as number))
  if (ratios.some(Number.isNaN)) return wanted.map((d, axis) => (axes.includes(axis) ? unknownDim() : d))
  const factor = aspectRatio === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios)
  return wanted.map((d, axis) => (axes.includes(axis) ? Math.floor((x[axis] as number) * factor + 0.5) : d))
}

/** The scale of one axis; undefined where it is cropped, or not known. With sizes: 1, for a size that stays means no scaling. */
function factorOf(call: InferredCall<ResizeAttributes>, axis: number): number | undefined {
  const { scales, sizes } = inputsOf(call)
  const i = resizedAxes(call, call.inputs[0]?.shape?.length ?? 0).indexOf(axis)
  if (i < 0) return 1
  if (call.attributes.crops) return undefined
  return present(call, sizes) ? 1 : contentOf(call, scales)?.[i]
}

/** The entry of stored `sizes` that is for the channels follows them. */
function cutSizes(call: InferredCall<ResizeAttributes>, cut: Cut): void {
  const { sizes } = inputsOf(call)
  const rank = call.inputs[0]?.shape?.length ?? 0
  if (!present(call, sizes) || !cut.isConstant(sizes)) return
  const values = contentOf(call, sizes) as readonly number[]
  const axes = resizedAxes(call, rank)
  const followed = values.map((size, i) => cut.keptInput(0, axes[i] as number)?.length ?? size)
  if (followed.some((size, i) => size !== values[i])) cut.setInputInts(sizes, followed)
}

/** Cost: see `interpolationCost`. */
export const resize = defineOperator<ResizeAttributes>({
  name: 'Resize',
  domain: '',
  attributes,
  infer: (call) => {
    checkMode(call, call.attributes.mode)
    return [typed(required(call, 0).elementType, resizedShape(call))]
  },
  cost: (call) => interpolationCost(call, call.attributes.mode, call.attributes.antialias),
  channels: {
    tie: passUnscaled(factorOf),
    cut: cutSizes,
  },
})
