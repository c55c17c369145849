import type { Composite, Operator, OperatorSet } from '../graph/index.ts'
import * as listedComposites from './composites.ts'
import * as listed from './list.ts'

/** Every operator that Kerf knows. */
export const operatorList: readonly Operator[] = Object.values(listed)

/** Every operator that is nothing but others put together. */
export const compositeList: readonly Composite[] = Object.values(listedComposites)

/** By the names of the exports in list.ts. */
type Listed = typeof listed

/** An operator's name, with its domain in front where that is not the standard one: `Conv`, `ai.kerf:AdderConv`. */
type NameOf<O extends Operator> = O['domain'] extends '' ? O['name'] : `${O['domain']}:${O['name']}`

/** What each operator's attributes are read into. */
type AttributesByName = { [K in keyof Listed as NameOf<Listed[K]>]: ReturnType<Listed[K]['attributes']> }

/** Names of operators, as they stand in tables of rules. */
export type OpName = keyof AttributesByName

export type AttributesOf<N extends OpName> = AttributesByName[N]

/** An operator's name in tables of rules; of an operator that Kerf does not know it is in none. */
export const opName = ({ domain, opType }: { readonly domain: string; readonly opType: string }): OpName =>
  (domain === '' ? opType : `${domain}:${opType}`) as OpName

const keyed = <T extends { readonly domain: string; readonly name: string }>(list: readonly T[]) =>
  new Map(list.map((o) => [`${o.domain}:${o.name}`, o]))

const byName = keyed(operatorList)
const composites = keyed(compositeList)

/** Looks operators up by domain and ONNX name. */
export const operators: OperatorSet = {
  get: (domain, opType) => byName.get(`${domain}:${opType}`),
  composite: (domain, opType) => composites.get(`${domain}:${opType}`),
}
