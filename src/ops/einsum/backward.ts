import type { BackwardCall, BackwardRule } from '../../graph/index.ts'
import { gradientOf, shapeIn, shapeOut } from '../shared/backward.ts'
import { wrong } from '../shared/check.ts'
import { equationOf, named } from './equation.ts'
import type { Names } from './forward.ts'

/*
 * The gradient of one operand is again a sum of products: of dY and all other operands, over the indices that the operand does not have. An index that
 * it has alone was summed over there, so its gradient is repeated along it; an axis of size 1 that was broadcast gets the sum.
 */

/** Letters for all names, axes under dots included. */
function letters(call: BackwardCall, names: readonly string[]): (name: string) => string {
  const free = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'].filter((l) => !names.includes(l))
  const given = new Map(names.map((name) => [name, /^[A-Za-z]$/.test(name) ? name : free.shift()]))
  if ([...given.values()].includes(undefined)) throw wrong(call, 'no gradient passes with more than 52 indices')
  return (name) => given.get(name)!
}

interface Factor {
  readonly value: string
  readonly names: Names
  readonly shape: readonly number[]
}

function operandGradient(call: BackwardCall, own: Factor, others: readonly Factor[]): string {
  const { emit } = call
  if (new Set(own.names).size < own.names.length)
    throw wrong(call, 'no gradient passes to an operand that has an index twice', 'Take its diagonal before.')
  /** How long an index is elsewhere; 1 where it is nowhere else. */
  const elsewhere = (name: string) =>
    Math.max(1, ...others.flatMap(({ names, shape }) => names.flatMap((n, a) => (n === name ? [shape[a]!] : []))))
  const here = own.names.map((name, axis) => Math.min(own.shape[axis]!, elsewhere(name)))
  // Indices that are 1 long are left to the reshape: they may be in no other factor.
  const kept = own.names.filter((_, axis) => here[axis] !== 1)
  const letter = letters(call, [...new Set([...own.names, ...others.flatMap(({ names }) => names)])])
  const term = (names: Names) => names.map(letter).join('')
  const equation = `${others.map(({ names }) => term(names)).join(',')}->${term(kept)}`
  const sum = emit.node(
    'Einsum',
    others.map(({ value }) => value),
    { equation },
  )
  const shaped = kept.length === own.names.length ? sum : emit.reshape(sum, here)
  return here.join() === own.shape.join() ? shaped : emit.expand(shaped, own.shape)
}

export const einsumBackward: BackwardRule<string> = (call) => {
  const { operands, output } = equationOf(call)
  const factors = operands.map((term, i): Factor => {
    const shape = shapeIn(call, i)
    return { value: call.node.inputs[i]!, names: named(term, shape.length), shape }
  })
  const result = { value: gradientOf(call), names: named(output, shapeOut(call).length), shape: shapeOut(call) }
  return factors.map((own, i) =>
    call.needs(i) ? operandGradient(call, own, [result, ...factors.filter((_, other) => other !== i)]) : undefined,
  )
}
