import { byteLengthOf, elementCount, getOrAdd, isConcrete } from '../../base/index.ts'
import { macsOf, parametersOf } from '../../cost/index.ts'
import type { Analysis, Call, Known, Node } from '../../graph/index.ts'
import type { ChannelGroups } from '../groups.ts'
import { isBetween, roundedUp } from './law.ts'
import { type Ratio, Ratios, ratioAt } from './ratios.ts'

/*
 * What a network costs, as a function of the widths of its groups: a sum of terms
 *
 *     amount · Π r_i(x)^e_i
 *
 * each of which is what a layer costs now times the parts of its axes that stay. A convolution's MACs are amount · r_in · r_out, a depthwise one's
 * amount · r; a layer whose input and output are one group has r². Which axes a count follows is not known by the operator's name: it is
 * asked what it costs with twice as many.
 */

/** r^e. */
export interface Factor {
  readonly ratio: Ratio
  readonly exponent: number
}

/** What widths are counted in: so many (`step`) of all (`of`) channels. */
export interface Step {
  readonly ratio: Ratio
  readonly of: number
  readonly step: number
}

export interface Term {
  /** With all channels. */
  readonly amount: number
  readonly factors: readonly Factor[]
  /** A runtime that works on a whole step at a time takes as long for one channel as for all of them. */
  readonly tiles?: readonly Step[]
  /** The term counts only where one of these widths is no multiple of its step. Default: always. */
  readonly off?: readonly Step[]
}

const slack = 1e-9

export function termAt({ amount, factors, tiles, off }: Term, parts: ArrayLike<number>): number {
  const channels = ({ ratio, of }: Step) => ratioAt(ratio, parts) * of
  if (off && !off.some((s) => isBetween(channels(s), s.step))) return 0
  let value = amount
  for (const { ratio, exponent } of factors) {
    const part = ratioAt(ratio, parts)
    value *= exponent === 1 ? part : part ** exponent
  }
  if (tiles) for (const tile of tiles) value *= roundedUp(channels(tile), tile.step)
  return value
}

/** What never lies above a term, and has no steps. */
export const withoutSteps = (terms: readonly Term[]): Term[] =>
  terms.flatMap(({ amount, factors, off }) => (off ? [] : [{ amount, factors }]))

export const costAt = (terms: readonly Term[], parts: ArrayLike<number>): number =>
  terms.reduce((sum, term) => sum + termAt(term, parts), 0)

/** How many elements a value or tensor has. */
export function elementsOf(ratios: Ratios, name: string, shape: readonly number[]): Term {
  return { amount: elementCount(shape)!, factors: ratios.of(name).map(([, ratio]) => ({ ratio, exponent: 1 })) }
}

/** Parameters, as they are counted. */
function parameterTerms({ trace }: ChannelGroups, ratios: Ratios): Term[] {
  return [...parametersOf(trace.analysis)].map(([name, tensor]) => elementsOf(ratios, name, tensor.shape))
}

/** Bytes of all that the file stores. */
function byteTerms({ trace }: ChannelGroups, ratios: Ratios): Term[] {
  return [...trace.analysis.stored].map(([name, { elementType, shape }]) => {
    const count = elementCount(shape)!
    return { ...elementsOf(ratios, name, shape), amount: byteLengthOf(elementType, count) }
  })
}

/** Bytes of all tensors that a model stores. */
export const storedBytes = ({ stored }: Analysis): number =>
  [...stored.values()].reduce((sum, t) => sum + byteLengthOf(t.elementType, elementCount(t.shape)!), 0)

/** MACs of every layer that has any. */
export const macTerms = (found: ChannelGroups, ratios: Ratios): Map<Node, Term> =>
  new Map([...macsOf(found.trace.analysis)].map(([node, macs]) => [node, macTerm(found, ratios, node, macs)] as const))

function macTerm({ trace }: ChannelGroups, ratios: Ratios, node: Node, macs: number): Term {
  const known = trace.analysis.calls.get(node)
  const cost = known?.operator.cost
  if (macs === 0 || !known || typeof cost !== 'function') return { amount: macs, factors: [] }
  const { call } = known
  const lists = [...node.inputs, ...node.outputs].map((name) => ratios.of(name))
  const distinct = new Map(lists.flat().map(([, ratio]) => [ratio.key, ratio]))
  const factors = [...distinct.values()].flatMap((ratio): Factor[] => {
    // Twice, as half of an odd number of channels is none.
    const twice = (known: Known | undefined, axes: readonly (readonly [number, Ratio])[]) => {
      if (!known || !isConcrete(known.shape)) return known
      const doubled = new Set(axes.filter(([, r]) => r.key === ratio.key).map(([axis]) => axis))
      return { ...known, shape: known.shape.map((d, axis) => (doubled.has(axis) ? 2 * d : d)) }
    }
    const inputs = call.inputs.map((k, i) => twice(k, lists[i]!))
    const outputs = call.outputs.map((k, i) => twice(k, lists[node.inputs.length + i]!))
    const attributes = call.inputs[0]?.shape?.[1] === inputs[0]?.shape?.[1] ? call.attributes : twiceDepthwise(call)
    const exponent = Math.log2((cost({ ...call, attributes, inputs, outputs }).macs ?? 0) / macs)
    return Number.isFinite(exponent) && Math.abs(exponent) > slack ? [{ ratio, exponent }] : []
  })
  return { amount: macs, factors }
}

/** Where each channel is a group of its own the number of groups goes with the channels. */
function twiceDepthwise({ attributes, inputs }: Call): unknown {
  // Operators without attributes have none at all.
  const { groups } = (attributes ?? {}) as { readonly groups?: unknown }
  const isEach = typeof groups === 'number' && groups > 1 && groups === inputs[0]?.shape?.[1]
  return isEach ? { ...(attributes as object), groups: 2 * groups } : attributes
}

/** What a budget limits, where it follows from shapes alone. */
export type CountedBudget = 'macs' | 'params' | 'bytes'

const termsOfKind: Readonly<Record<CountedBudget, (found: ChannelGroups, ratios: Ratios) => Term[]>> = {
  macs: (found, ratios) => [...macTerms(found, ratios).values()],
  params: parameterTerms,
  bytes: byteTerms,
}

export const countedTerms = (of: CountedBudget, found: ChannelGroups): Term[] =>
  simplifiedTerms(termsOfKind[of](found, new Ratios(found)))

/** Terms that shrink alike are one. */
export function simplifiedTerms(terms: readonly Term[]): Term[] {
  const sums = new Map<string, Omit<Term, 'amount'> & { amount: number }>()
  const keys = (steps: readonly Step[] = []) => steps.map((s) => `${s.ratio.key}/${s.step}/${s.of}`).sort()
  for (const { amount, ...kind } of terms) {
    if (amount === 0) continue
    const factors = kind.factors.map((f) => `${f.ratio.key}^${f.exponent}`).sort()
    const key = [factors.join('·'), keys(kind.tiles).join('·'), keys(kind.off).join('·')].join('|')
    getOrAdd(sums, key, () => ({ ...kind, amount: 0 })).amount += amount
  }
  return [...sums.values()]
}
