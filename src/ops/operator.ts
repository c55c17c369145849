import type { ChannelRule, OperatorFacts, Reference, Training } from '../graph/index.ts'

/** The facts of an operator as they are. Its name, and what its `attributes` read, become types; a rule for other attributes does not compile. */
export const defineOperator = <const N extends string, const D extends string, A = void>(
  operator: OperatorFacts<A, N, D>,
): OperatorFacts<A, N, D> => operator

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
