import { elementCount } from '../../base/index.ts'
import type { Accesses, InferredCall } from '../../graph/index.ts'

/*
 * What operators that only move elements read and write.
 */

const outputCounts = (call: InferredCall): number[] => call.outputs.map((o) => elementCount(o?.shape) ?? 0)

/** Every input once, every output once, however often an element is repeated: the default, said where one might doubt it. */
export function readInputsOnce(call: InferredCall): Accesses {
  return { reads: call.inputs.map((i) => elementCount(i?.shape) ?? 0), writes: outputCounts(call) }
}

/** Of input 0 only the elements that reach the outputs; the other inputs (indices, starts, sizes) whole. */
export function readWhatIsTaken(call: InferredCall): Accesses {
  const writes = outputCounts(call)
  const taken = writes.reduce((sum, n) => sum + n, 0)
  return { reads: call.inputs.map((i, n) => (n === 0 ? taken : (elementCount(i?.shape) ?? 0))), writes }
}
