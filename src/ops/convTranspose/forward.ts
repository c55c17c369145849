import { elementCount } from '../../base/index.ts'
import type { Call } from '../../graph/index.ts'
import type { Doubles } from '../numbers.ts'
import { type Sliding, tapTable } from '../sliding.ts'
import type { ConvTransposeAttributes } from './convTranspose.ts'

/** The convolution that this one transposes: its window slides over Y, one position for each element of X. */
export function transposedWindow(
  { attributes: { window, outputPadding, outputShape } }: Call<ConvTransposeAttributes>,
  from: readonly number[],
  to: readonly number[],
  kernelShape: readonly number[],
): Sliding {
  const ones = from.map(() => 1)
  const strides = window.strides ?? ones
  const dilations = window.dilations ?? ones
  let pads = window.autoPad === 'NOTSET' && window.pads ? window.pads : [...ones, ...ones].fill(0)
  if (outputShape || window.autoPad.startsWith('SAME')) {
    // The output's size is given, and the padding is what makes it come out; the odd one goes to the end in SAME_UPPER.
    const totals = from.map((size, i) => {
      const reach = ((kernelShape[i] as number) - 1) * (dilations[i] as number) + 1
      const whole = (size - 1) * (strides[i] as number) + (outputPadding?.[i] ?? 0) + reach
      return Math.max(0, whole - (to[i] as number))
    })
    const begins = totals.map((total) =>
      window.autoPad === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2),
    )
    pads = [...begins, ...totals.map((total, i) => total - (begins[i] as number))]
  }
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
  const taps = elementCount(kernelShape) as number
  const [positions, size] = [elementCount(from) as number, elementCount(to) as number]
  const [inGroup, outGroup] = [inChannels / groups, outChannels / groups]
  const data = new Float64Array(elementCount(shape) as number)
  for (let n = 0; n < batch; n++)
    for (let c = 0; c < inChannels; c++)
      for (let o = 0; o < outGroup; o++) {
        const plane = (n * outChannels + Math.floor(c / inGroup) * outGroup + o) * size
        for (let p = 0; p < positions; p++) {
          const value = x.data[(n * inChannels + c) * positions + p] as number
          for (let t = 0; t < taps; t++) {
            const at = table[p * taps + t] as number
            if (at >= 0)
              data[plane + at] =
                (data[plane + at] as number) + value * (w.data[(c * outGroup + o) * taps + t] as number)
          }
        }
      }
  return { shape, data }
}
