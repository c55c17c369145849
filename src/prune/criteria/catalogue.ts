import { KerfError } from '../../base/index.ts'
import type { Criterion } from './criterion.ts'
import { l1, l2 } from './norms.ts'
import { random } from './random.ts'

/** To add one, write a file and add a line. */
export const criteria: readonly Criterion[] = [random, l1, l2]

/**
 * A criterion by its name, or as it is given.
 * @throws KerfError `unknown-criterion` with those that there are
 */
export function criterionOf(given: string | Criterion): Criterion {
  if (typeof given !== 'string') return given
  const found = criteria.find((c) => c.name === given)
  if (found) return found
  throw new KerfError(
    'unknown-criterion',
    `There is no criterion "${given}". There are: ${criteria.map((c) => c.name).join(', ')}; or give an object of your own.`,
    { criterion: given },
  )
}
