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

/** How many taps a window has. */
export const tapCount = (sliding: Sliding): number => elementCount(sliding.kernelShape)!
