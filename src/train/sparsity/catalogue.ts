import { entryOf } from '../../base/index.ts'
import { type GradualMagnitudeOptions, gmp } from './gmp.ts'
import { type GroupSparsityOptions, groupSparsity } from './group-sparsity.ts'
import { type GrowingOptions, growing } from './growing.ts'
import { type LotteryOptions, lottery } from './lottery.ts'
import type { SparsityMethod } from './method.ts'
import { type SoftFilterOptions, sfp } from './sfp.ts'
import { type SlimmingOptions, slimming } from './slimming.ts'
import { type StructuredSparsityOptions, srSte } from './sr-ste.ts'

/** To add one, write a file and add a line here, one of options below, and one in recipe/sparsity-schema.ts. */
export const sparsityMethods: readonly SparsityMethod[] = [gmp, srSte, lottery, slimming, groupSparsity, growing, sfp]

/** A method by its name, or one of your own, with its options. */
export type SparsityOptions =
  | ({ readonly method: 'gmp' } & GradualMagnitudeOptions)
  | ({ readonly method: 'sr-ste' } & StructuredSparsityOptions)
  | ({ readonly method: 'lottery-ticket' } & LotteryOptions)
  | ({ readonly method: 'slimming' } & SlimmingOptions)
  | ({ readonly method: 'group-sparsity' } & GroupSparsityOptions)
  | ({ readonly method: 'growing-regularisation' } & GrowingOptions)
  | ({ readonly method: 'sfp' } & SoftFilterOptions)
  | OwnSparsity

/** A sparsity method of your own; its options stand beside it. */
export interface OwnSparsity {
  /** The method itself. */
  readonly method: SparsityMethod
}

/**
 * A method by its name, or as it is `given`.
 * @throws KerfError `unknown-sparsity-method` with those that there are
 */
export const sparsityMethodOf = (given: string | SparsityMethod): SparsityMethod =>
  entryOf('sparsity-method', sparsityMethods, given)

/** The names of the methods. */
export type SparsityName = Extract<SparsityOptions['method'], string>

/** What the method of a name takes. */
export type OptionsOf<M extends SparsityName> = Extract<SparsityOptions, { readonly method: M }>
