import { entryOf } from '../../base/index.ts'
import type { Criterion } from './criterion.ts'
import { l1, l2 } from './norms.ts'
import { random } from './random.ts'

/** To add one, write a file and add a line. */
export const criteria: readonly Criterion[] = [random, l1, l2]

/**
 * A criterion by its name, or as it is `given`.
 * @throws KerfError `unknown-criterion` with those that there are
 */
export const criterionOf = (given: string | Criterion): Criterion => entryOf('criterion', criteria, given)
