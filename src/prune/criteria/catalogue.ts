import { entryOf } from '../../base/index.ts'
import { apoz, meanActivation } from './activations.ts'
import { chip } from './chip.ts'
import type { Criterion } from './criterion.ts'
import { fisher, fisherBytes, fisherMacs } from './fisher.ts'
import { fpgm } from './fpgm.ts'
import { bnScale, groupL2 } from './groups.ts'
import { hrank } from './hrank.ts'
import { lamp } from './lamp.ts'
import { inverseL2, l1, l2 } from './norms.ts'
import { obd } from './obd.ts'
import { obs } from './obs.ts'
import { oracle } from './oracle.ts'
import { random } from './random.ts'
import { taylor, taylorActivation } from './taylor.ts'
import { thinet } from './thinet.ts'
import { wanda } from './wanda.ts'

/** To add one, write a file and add a line. */
export const criteria: readonly Criterion[] = [
  ...[random, inverseL2, l1, l2, groupL2, bnScale, fpgm, lamp],
  ...[wanda, apoz, meanActivation, hrank, chip, thinet, obs],
  ...[taylor, taylorActivation, fisher, fisherMacs, fisherBytes, obd, oracle],
]

/**
 * A criterion by its name, or as it is `given`.
 * @throws KerfError `unknown-criterion` with those that there are
 */
export const criterionOf = (given: string | Criterion): Criterion => entryOf('criterion', criteria, given)
