import {
  type ChannelRule,
  type Operator,
  type OperatorFacts,
  type OperatorSet,
  operatorSet,
  type Reference,
  type Training,
} from '../graph/index.ts'
import { activationsTraining } from './activations.ts'
import { argExtremesReference } from './argExtremes.ts'
import { arithmeticTraining } from './arithmetic.ts'
import { channelRules } from './channels.ts'
import { compositeList, type Listed, listed } from './facts.ts'
import { functionsTraining } from './functions.ts'
import { globalPoolsReference, globalPoolsTraining } from './globalPools.ts'
import { quantisedFormsReference } from './quantisedForms.ts'
import { recurrentReference, recurrentTraining } from './recurrent.ts'
import { reductionsTraining } from './reductions.ts'
import * as singleReferences from './references.ts'
import { sequencesReference } from './sequences.ts'
import { softmaxesReference, softmaxesTraining } from './softmax.ts'
import * as singleTraining from './training.ts'

/** Names that no operator in list.ts has: none, or the lists below do not compile. */
type Stray<T> = { readonly [K in Exclude<keyof T, keyof Listed>]: never }

/** By their names in `Listed`: they go with the attributes of the operators. */
type References = { readonly [K in keyof Listed]?: Reference<ReturnType<Listed[K]['attributes']>> }
type Trainings = { readonly [K in keyof Listed]?: Training<ReturnType<Listed[K]['attributes']>> }

const ownReferences: References & Stray<typeof singleReferences> = singleReferences
const ownTraining: Trainings & Stray<typeof singleTraining> = singleTraining

export const references: readonly References[] = [
  ownReferences,
  argExtremesReference,
  globalPoolsReference,
  quantisedFormsReference,
  recurrentReference,
  sequencesReference,
  softmaxesReference,
]

export const trainings: readonly Trainings[] = [
  ownTraining,
  activationsTraining,
  arithmeticTraining,
  functionsTraining,
  globalPoolsTraining,
  recurrentTraining,
  reductionsTraining,
  softmaxesTraining,
]

const joined = (
  lists: readonly (readonly (References | Trainings)[])[],
  rules: Partial<Readonly<Record<string, ChannelRule<never>>>> = {},
): Operator[] =>
  Object.entries<OperatorFacts>(listed).map(([name, facts]) =>
    Object.assign(
      {},
      facts,
      ...lists.flat().map((own) => own[name as keyof Listed]),
      rules[name] && { channels: rules[name] },
    ),
  )

/** Every operator that Kerf knows, with all that it says. */
export const operatorList: readonly Operator[] = /* @__PURE__ */ joined([references, trainings], channelRules)

/**
 * Every operator that Kerf knows, with all that it says. Who only counts takes `operatorFacts`; who only runs, `runnableOperators`; who prunes,
 * `prunableOperators`: a page then loads less.
 */
export const operators: OperatorSet = /* @__PURE__ */ operatorSet(operatorList, compositeList)

/** For those who run: every operator that Kerf knows, without what pruning and training ask. */
export const runnableOperators: OperatorSet = /* @__PURE__ */ operatorSet(
  /* @__PURE__ */ joined([references]),
  compositeList,
)

/** For those who prune, and run what they pruned: every operator that Kerf knows, without what training asks. */
export const prunableOperators: OperatorSet = /* @__PURE__ */ operatorSet(
  /* @__PURE__ */ joined([references], channelRules),
  compositeList,
)
