import { elementCount, stridesOf } from '../../base/index.ts'
import type { Call } from '../../graph/index.ts'
import { fromIndices } from './indices.ts'
import { slide, type Window } from './window.ts'

/*
 * A window over the spatial axes, for the scalar references: tap t of output position p reads the input at p·stride + t·dilation − pad.
 */

/** A window with everything known. One entry per spatial axis; pads all begins, then all ends. */
export interface Sliding {
  readonly input: readonly number[]
  readonly output: readonly number[]
  readonly kernelShape: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly pads: readonly number[]
}

export function slidingOf(
  call: Call,
  window: Window,
  kernelShape: readonly number[],
  input: readonly number[],
): Sliding {
  const { output, pads } = slide(call, window, kernelShape, input)
  const ones = input.map(() => 1)
  return {
    input,
    output: output as number[],
    kernelShape,
    strides: window.strides ?? ones,
    dilations: window.dilations ?? ones,
    pads: pads!,
  }
}

/** Where a tap is that reads no element: in the padding, or past its end (the last window of ceil_mode). */
export const inPadding = -1
export const pastPadding = -2

/**
 * For each output position and each tap, both row-major, the input position that it reads (row-major), `inPadding` or `pastPadding`.
 * Entry p · taps + t.
 */
export function tapTable({ input, output, kernelShape, strides, dilations, pads }: Sliding): Int32Array {
  const rank = input.length
  const inputStrides = stridesOf(input)
  const table = fromIndices([...output, ...kernelShape], (index) => {
    let at = 0
    let missed = 0
    for (let axis = 0; axis < rank; axis++) {
      const [position, tap] = [index[axis]!, index[rank + axis]!]
      const i = position * strides[axis]! + tap * dilations[axis]! - pads[axis]!
      const size = input[axis]!
      if (i >= size + pads[rank + axis]!) missed = pastPadding
      else if (i < 0 || i >= size) missed = Math.min(missed, inPadding)
      at += i * inputStrides[axis]!
    }
    return missed || at
  })
  return Int32Array.from(table)
}

/** More places in front of the input than any network has. */
const mostPlaces = 2 ** 20

/** Whether the window has a place on an axis where none of its taps reads an element. */
export function hasEmptyPlace(
  { input, output, kernelShape, strides, dilations, pads }: Sliding,
  axis: number,
): boolean {
  const [size, places, taps] = [input[axis]!, output[axis]!, kernelShape[axis]!]
  const [stride, dilation, begin] = [strides[axis]!, dilations[axis]!, pads[axis]!]
  if (places === 0) return false
  // The last one begins behind all elements, or the first one ends before them.
  if ((places - 1) * stride - begin >= size || begin > (taps - 1) * dilation) return true
  // Between two taps there is room for all elements only where there are fewer of them.
  if (size >= dilation) return false
  const before = Math.min(places, Math.ceil(begin / stride))
  if (before > mostPlaces) return true
  for (let place = 0; place < before; place++) {
    const start = place * stride - begin
    const tap = Math.ceil(-start / dilation)
    if (tap >= taps || start + tap * dilation >= size) return true
  }
  return false
}

/** How many taps a window has. */
export const tapCount = (sliding: Sliding): number => elementCount(sliding.kernelShape)!
