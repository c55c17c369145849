import type { ReferenceOf } from './operator.ts'
import { argExtreme, argExtremeForward } from './shared/arg-extreme.ts'

/** Where the least element lies along an axis (ONNX ArgMin). */
export const argMin = argExtreme('ArgMin')

export const argMinReference: ReferenceOf<typeof argMin> = {
  forward: (call, [x]) => argExtremeForward(call, x, (x, best) => x < best),
}
