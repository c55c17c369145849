import { entryOf } from '../../base/index.ts'
import { apoz, meanActivation } from './activations.ts'
import type { Criterion } from './criterion.ts'
import { bnScale, groupL2 } from './groups.ts'
import { inverseL2, l1, l2 } from './norms.ts'
import { random } from './random.ts'
import { taylor, taylorActivation } from './taylor.ts'

/** To add one, write a file and add a line. */
export const criteria: readonly Criterion[] = [
  ...[random, inverseL2, l1, l2, groupL2, bnScale],
  ...[apoz, meanActivation],
  ...[taylor, taylorActivation],
]

/**
 * A criterion by its name, or as it is `given`.
 * @throws KerfError `unknown-criterion` with those that there are
 */
export const criterionOf = (given: string | Criterion): Criterion => entryOf('criterion', criteria, given)
