import { elementCount } from '../base/index.ts'
import type { Arithmetic, AttributeReader, Call, InferredCall } from '../graph/index.ts'
import { wrong } from './check.ts'

export type Reduction = 'none' | 'add' | 'mul' | 'max' | 'min'

const rules: Readonly<Record<Reduction, (old: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min,
}

export const reductionAttribute = (a: AttributeReader): string => a.string('reduction', 'none')

/** How an update joins what is there. @throws NodeError for an unknown name */
export function reductionRule(call: Call<{ reduction: string }>): (old: number, update: number) => number {
  const rule = rules[call.attributes.reduction as Reduction]
  if (!rule) throw wrong(call, `reduction "${call.attributes.reduction}" is none of ${Object.keys(rules).join(', ')}`)
  return rule
}

/** One operation per update, where updates are reduced. */
export function reductionCost(call: InferredCall<{ reduction: string }>, updates: number): Arithmetic {
  const count = elementCount(call.inputs[updates]?.shape) as number
  const { reduction } = call.attributes
  return reduction === 'add'
    ? { adds: count }
    : reduction === 'mul'
      ? { muls: count }
      : reduction === 'none'
        ? {}
        : { others: count }
}
