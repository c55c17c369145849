import type { ReferenceOf } from './operator.ts'
import { argExtreme, argExtremeForward } from './shared/arg-extreme.ts'

/** Where the greatest element lies along an axis (ONNX ArgMax). */
export const argMax = argExtreme('ArgMax')

export const argMaxReference: ReferenceOf<typeof argMax> = {
  forward: (call, [x]) => argExtremeForward(call, x, (x, best) => x > best),
}
