import { elementCount } from '../../base/index.ts'
import type { Call } from '../../graph/index.ts'
import type { Doubles } from '../shared/numbers.ts'
import { type Sliding, tapTable } from '../shared/sliding.ts'
import type { ConvTransposeAttributes } from './attributes.ts'

/** What the result loses at its sides, all begins, then all ends: as given, or what makes the output's size come out. */
export function transposedPads(
  { window, outputPadding, outputShape }: ConvTransposeAttributes,
  from: readonly number[],
  to: readonly number[],
  kernelShape: readonly number[],
): readonly number[] {
  if (!outputShape && !window.autoPad.startsWith('SAME'))
    return window.autoPad === 'NOTSET' && window.pads ? window.pads : new Array<number>(2 * from.length).fill(0)
  const totals = from.map((size, i) => {
    const reach = (kernelShape[i]! - 1) * (window.dilations?.[i] ?? 1) + 1
    const whole = (size - 1) * (window.strides?.[i] ?? 1) + (outputPadding?.[i] ?? 0) + reach
    return Math.max(0, whole - to[i]!)
  })
  // The odd one goes to the end in SAME_UPPER.
  const begins = totals.map((total) => (window.autoPad === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2)))
  return [...begins, ...totals.map((total, i) => total - begins[i]!)]
}

/** The convolution that this one transposes: its window slides over Y, one position for each element of X. */
export function transposedWindow(
  { attributes }: Call<ConvTransposeAttributes>,
  from: readonly number[],
  to: readonly number[],
  kernelShape: readonly number[],
): Sliding {
  const ones = from.map(() => 1)
  const strides = attributes.window.strides ?? ones
  const dilations = attributes.window.dilations ?? ones
  const pads = transposedPads(attributes, from, to, kernelShape)
  return { input: to, output: from, kernelShape, strides, dilations, pads }
}

/** Y without its bias. x [N, C_in, spatial…], w [C_in, C_out/g, kernel…], shape [N, C_out, spatial…]. */
export function convolveTransposed(
  call: Call<ConvTransposeAttributes>,
  x: Doubles,
  w: Doubles,
  shape: readonly number[],
): Doubles {
  const { groups } = call.attributes
  const [batch, inChannels, ...from] = x.shape as [number, number, ...number[]]
  const [outChannels, ...to] = shape.slice(1) as [number, ...number[]]
  const kernelShape = w.shape.slice(2)
  const table = tapTable(transposedWindow(call, from, to, kernelShape))
  const taps = elementCount(kernelShape)!
  const [positions, size] = [elementCount(from)!, elementCount(to)!]
  const [inGroup, outGroup] = [inChannels / groups, outChannels / groups]
  const data = new Float64Array(elementCount(shape)!)
  for (let n = 0; n < batch; n++)
    for (let c = 0; c < inChannels; c++)
      for (let o = 0; o < outGroup; o++) {
        const plane = (n * outChannels + Math.floor(c / inGroup) * outGroup + o) * size
        for (let p = 0; p < positions; p++) {
          const value = x.data[(n * inChannels + c) * positions + p]!
          for (let t = 0; t < taps; t++) {
            const at = table[p * taps + t]!
            if (at >= 0) data[plane + at] = data[plane + at]! + value * w.data[(c * outGroup + o) * taps + t]!
          }
        }
      }
  return { shape, data }
}
