import { elementCount } from '../../../../base/index.ts'
import type { InferredCall } from '../../../../graph/index.ts'
import { rangeOf } from '../../../../ops/index.ts'
import type { LoweringContext } from './lowering.ts'

/*
 * Scales and zero points as lowerings of quantised operators ask for them.
 */

/** What is stored as an input; undefined where it is left out. */
export const numbers = (context: LoweringContext, index: number): ArrayLike<number> | undefined =>
  context.constant(index)?.data

export const isScalar = (call: InferredCall, index: number): boolean =>
  call.inputs[index] === undefined || elementCount(call.inputs[index]?.shape) === 1

/** Refuses what is not known when the plan is made. */
export const refusesComputed = (
  isConstant: (input: number) => boolean,
  call: InferredCall,
  ...inputs: number[]
): string | undefined => {
  const computed = inputs.find((i) => call.inputs[i] !== undefined && !isConstant(i))
  return computed === undefined ? undefined : `input ${computed} is computed while running`
}

/** Codes of a layer's result that its clamp leaves, as bytes. */
export function byteLimits({ epilogue, call }: LoweringContext, least: number) {
  const [lo, hi] = rangeOf(call.outputs[0]!.elementType!)
  return { lo: Math.max(lo, epilogue.lo) - least, hi: Math.min(hi, epilogue.hi) - least }
}
