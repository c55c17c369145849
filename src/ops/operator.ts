import type { ChannelRule, OperatorFacts, Reference, Training } from '../graph/index.ts'

/** What may be left out of facts: the standard domain, and attributes where it has none. */
type Facts<A, N extends string, D extends string> = Omit<OperatorFacts<A, N, D>, 'domain' | 'attributes'> &
  Partial<Pick<OperatorFacts<A, N, D>, 'domain' | 'attributes'>>

/** The facts of an operator. Its name, and what its `attributes` read, become types; a rule for other attributes does not compile. */
export const defineOperator = <const N extends string, const D extends string = '', A = undefined>(
  operator: Facts<A, N, D>,
): OperatorFacts<A, N, D> => ({ attributes: () => undefined as A, domain: '' as D, ...operator })

/** The reference that goes with an operator's facts. */
export type ReferenceOf<O extends OperatorFacts> = Reference<ReturnType<O['attributes']>>

/** What pruning asks, to go with an operator's facts. */
export type ChannelsOf<O extends OperatorFacts> = ChannelRule<ReturnType<O['attributes']>>

/** What training asks, to go with an operator's facts. */
export type TrainingOf<O extends OperatorFacts> = Training<ReturnType<O['attributes']>>

type Family = Readonly<Record<string, OperatorFacts>>

/** The references of a family of operators, by their names in it. */
export type ReferencesOf<F extends Family> = { readonly [K in keyof F]?: ReferenceOf<F[K]> }

/** What training asks of a family of operators, by their names in it. */
export type TrainingsOf<F extends Family> = { readonly [K in keyof F]?: TrainingOf<F[K]> }
