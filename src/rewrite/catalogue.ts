import { entryOf } from '../base/index.ts'
import type { Rewrite } from './rewrite.ts'
import { adder } from './rewrites/adder.ts'
import { bottleneck } from './rewrites/bottleneck.ts'
import { grouped } from './rewrites/grouped.ts'
import { lowRank } from './rewrites/low-rank.ts'
import { lowRankSpace } from './rewrites/low-rank-space.ts'
import { partial } from './rewrites/partial.ts'
import { separable } from './rewrites/separable.ts'
import { tucker } from './rewrites/tucker.ts'

/** To add one, write a file and add a line. */
export const rewrites: readonly Rewrite[] = [
  separable,
  lowRank,
  lowRankSpace,
  tucker,
  grouped,
  partial,
  bottleneck,
  adder,
]

/**
 * A rewrite by its name, or as it is given.
 * @param given one of `rewrites` by its name, or one of your own
 * @throws KerfError `unknown-rewrite` with those that there are
 */
export const rewriteOf = (given: string | Rewrite): Rewrite => entryOf('rewrite', rewrites, given)
