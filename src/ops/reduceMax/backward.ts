import type { BackwardCall } from '../../graph/index.ts'
import type { ReduceDerivative } from '../shared/reduce.ts'

/**
 * dY, shared equally by the elements that were chosen.
 * @param missed positive where an element was not chosen, otherwise 0
 */
export function sharedAmongChosen(
  call: BackwardCall,
  { mul, div, positive, dy, axes }: ReduceDerivative,
  missed: string,
): string {
  const chosen = positive(missed, 0, 1)
  return mul(chosen, div(dy, call.emit.sum(chosen, axes)))
}
