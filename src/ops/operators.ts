import {
  type Operator,
  type OperatorFacts,
  type OperatorSet,
  operatorSet,
  type Reference,
  type Training,
} from '../graph/index.ts'
import { compositeList, type Listed } from './facts.ts'
import * as listed from './list.ts'
import * as references from './references.ts'
import * as training from './training.ts'

/** Names that no operator in list.ts has: none, or the lists below do not compile. */
type Stray<T> = { readonly [K in Exclude<keyof T, keyof Listed>]: never }

/** By their names in list.ts: they go with the attributes of the operators. */
type References = { readonly [K in keyof Listed]?: Reference<ReturnType<Listed[K]['attributes']>> }
type Trainings = { readonly [K in keyof Listed]?: Training<ReturnType<Listed[K]['attributes']>> }

const ownReferences: References & Stray<typeof references> = references
const ownTraining: Trainings & Stray<typeof training> = training

const joined = (own: (name: keyof Listed) => Partial<Operator>): Operator[] =>
  Object.entries<OperatorFacts>(listed).map(([name, facts]) => ({ ...facts, ...own(name as keyof Listed) }))

/** Every operator that Kerf knows, with all that it says. */
export const operatorList: readonly Operator[] = /* @__PURE__ */ joined((name) => ({
  ...ownReferences[name],
  ...ownTraining[name],
}))

/** Every operator that Kerf knows, with all that it says. Who only counts takes `operatorFacts`; who only runs, `runnableOperators`: a page then loads less. */
export const operators: OperatorSet = /* @__PURE__ */ operatorSet(operatorList, compositeList)

/** For those who run: every operator that Kerf knows, without what training asks. */
export const runnableOperators: OperatorSet = /* @__PURE__ */ operatorSet(
  /* @__PURE__ */ joined((name) => ownReferences[name] ?? {}),
  compositeList,
)
