import type { QuantiseF32Args } from '../engine/kernels.generated.ts'
import { type Allocator, type Step, step } from './step.ts'

/*
 * Codes held as float32 (kernels/quantise.ts). All places are addresses.
 */

/** Threads that a step may have at most; each leaves the range of its share. */
const mostThreads = 256

/** How `quantiseU8` and `dequantiseU8` take elements that lie side by side. */
export const inOneRow = (count: number) => ({ rows: 1, channels: count, xPixel: count, yPixel: count })

/** Scale and zero point of codes 0 to 255 over the range of x and 0, as ONNX's DynamicQuantizeLinear has them; one float each. */
export function lowerRange(x: number, count: number, scale: number, zeroPoint: number, alloc: Allocator): Step[] {
  const partials = alloc.scratch(8 * mostThreads)
  return [step('rangeF32', { x, partials, count }), step('rangeCodesF32', { partials, scale, zeroPoint })]
}

/**
 * y = clamp(round(x / scale) + zeroPoint, lo, hi), ties to even; x and y may be the same.
 * @param scale, zeroPoint addresses of one float each; a scale of 0 counts as 1
 * @param centred whether y is wanted less the zero point
 */
export const lowerQuantiseFloats = (args: QuantiseF32Args): Step[] =>
  args.count === 0 ? [] : [step('quantiseF32', args)]
