import { elementCount } from '../../base/index.ts'
import type {
  Arithmetic,
  AttributeReader,
  AttributeValue,
  BackwardCall,
  Call,
  InferredCall,
} from '../../graph/index.ts'
import { gradientOf, shapeIn } from './backward.ts'
import { wrong } from './check.ts'

export type Reduction = 'none' | 'add' | 'mul' | 'max' | 'min'

const rules: Readonly<Record<Reduction, (old: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min,
}

export const reductionAttribute = (a: AttributeReader): Reduction =>
  a.choice('reduction', ['none', 'add', 'mul', 'max', 'min'], 'none')

/** How an update joins what is there. */
export const reductionRule = ({ attributes }: Call<{ readonly reduction: Reduction }>) => rules[attributes.reduction]

/**
 * What was written over gets no gradient, what was added to keeps it; an update gets the gradient of the place it went to. Of several updates at one
 * place, without a reduction, it is not said which one stays: each gets the gradient.
 * @param gather the operator that takes what the scattering one put
 */
export function scatterBackward<A extends { readonly reduction: string }>(
  call: BackwardCall<A>,
  gather: string,
  attributes: Readonly<Record<string, AttributeValue>> = {},
): (string | undefined)[] {
  const { emit, node } = call
  const { reduction } = call.attributes
  if (reduction !== 'none' && reduction !== 'add') throw wrong(call, `no gradient passes with reduction "${reduction}"`)
  const dy = gradientOf(call)
  const indices = node.inputs[1]!
  const erased = () => emit.node(node.opType, [dy, indices, emit.zeros(shapeIn(call, 2))], attributes)
  return [
    call.needs(0) ? (reduction === 'add' ? dy : erased()) : undefined,
    undefined,
    call.needs(2) ? emit.node(gather, [dy, indices], attributes) : undefined,
  ]
}

/** One operation per update, where updates are reduced. */
export function reductionCost(call: InferredCall<{ reduction: Reduction }>, updates: number): Arithmetic {
  const count = elementCount(call.inputs[updates]?.shape)!
  const { reduction } = call.attributes
  return reduction === 'add'
    ? { adds: count }
    : reduction === 'mul'
      ? { muls: count }
      : reduction === 'none'
        ? {}
        : { others: count }
}
