import { type Composite, type OperatorFacts, type OperatorSet, operatorSet } from '../graph/index.ts'
import { activations } from './activations.ts'
import { argExtremes } from './argExtremes.ts'
import { arithmetic } from './arithmetic.ts'
import * as listedComposites from './composites.ts'
import { functions } from './functions.ts'
import { globalPools } from './globalPools.ts'
import * as single from './list.ts'
import { quantisedForms } from './quantisedForms.ts'
import { random } from './random.ts'
import { recurrent } from './recurrent.ts'
import { reductions } from './reductions.ts'
import { sequences } from './sequences.ts'
import { softmaxes } from './softmax.ts'

/** By the names of the exports in list.ts, and those in the tables of families. */
export type Listed = typeof single &
  typeof activations &
  typeof argExtremes &
  typeof arithmetic &
  typeof functions &
  typeof globalPools &
  typeof quantisedForms &
  typeof random &
  typeof recurrent &
  typeof reductions &
  typeof sequences &
  typeof softmaxes

export const listed: Listed = /* @__PURE__ */ Object.assign(
  {},
  single,
  activations,
  argExtremes,
  arithmetic,
  functions,
  globalPools,
  quantisedForms,
  random,
  recurrent,
  reductions,
  sequences,
  softmaxes,
)

/** An operator's name, with its domain in front where that is not the standard one: `Conv`, `ai.kerf:AdderConv`. */
type NameOf<O extends OperatorFacts> = O['domain'] extends '' ? O['name'] : `${O['domain']}:${O['name']}`

/** What each operator's attributes are read into. */
type AttributesByName = { [K in keyof Listed as NameOf<Listed[K]>]: ReturnType<Listed[K]['attributes']> }

/** Names of operators, as they stand in tables of rules. */
export type OpName = keyof AttributesByName

export type AttributesOf<N extends OpName> = AttributesByName[N]

/** An operator's name in tables of rules; of an operator that Kerf does not know it is in none. */
export const opName = ({ domain, opType }: { readonly domain: string; readonly opType: string }): OpName =>
  (domain === '' ? opType : `${domain}:${opType}`) as OpName

/** Every operator that is nothing but others put together. */
export const compositeList: readonly Composite[] = /* @__PURE__ */ Object.values(listedComposites)

/** What every operator that Kerf knows says of itself. */
export const factList: readonly OperatorFacts[] = /* @__PURE__ */ Object.values(listed)

/** For those who count: every operator that Kerf knows, without the code that runs and trains. */
export const operatorFacts: OperatorSet = /* @__PURE__ */ operatorSet(factList, compositeList)
