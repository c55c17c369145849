import type { ElementType } from '../base/index.ts'
import type { Analysis } from './analysis.ts'

/*
 * Patterns of nodes, written as what makes a value: `op('Sub', [value('x'), op('ReduceMean', [value('x')])])` is x minus its mean. They say what stands in
 * the graph; what else must hold (attributes, shapes), whoever looks for them says.
 */

export interface Pattern {
  /** Of several patterns one holds; the rest says nothing then. */
  readonly either?: readonly Pattern[]
  /** The number that a known value of one element holds; NaN: any. */
  readonly number?: number
  /** The operators of which one makes the value; undefined: whatever makes it. */
  readonly opTypes?: readonly string[]
  readonly domain: string
  /** What the first inputs are; others may follow. */
  readonly inputs: readonly Pattern[]
  readonly options: PatternOptions
}

export interface PatternOptions {
  /** Names the value. Where the same name stands twice, both are the same value. */
  readonly as?: string
  /** The value is read once, by the node that the pattern says, and is no output of the graph. Who asks for its shape alone does not count. */
  readonly alone?: boolean
  /** The inputs may stand in any order. */
  readonly commutes?: boolean
  /** What the node's attributes are, as its operator reads them. */
  readonly attributes?: (attributes: never) => boolean
}

/** Any value. */
export const value = (as: string, options: Omit<PatternOptions, 'as'> = {}): Pattern => ({
  domain: '',
  inputs: [],
  options: { as, ...options },
})

/** The first output of a node. */
export const op = (
  opType: string | readonly string[],
  inputs: readonly Pattern[] = [],
  { domain = '', ...options }: PatternOptions & { readonly domain?: string } = {},
): Pattern => ({ opTypes: typeof opType === 'string' ? [opType] : opType, domain, inputs, options })

/** A number that is known, as exactly as its type holds it: of float32 to within two units in the last place. @param number NaN: any */
export const number = (number: number, options: PatternOptions = {}): Pattern => ({
  number,
  domain: '',
  inputs: [],
  options,
})

/** What one of the patterns says. */
export const either = (...patterns: readonly Pattern[]): Pattern => ({
  either: patterns,
  domain: '',
  inputs: [],
  options: {},
})

type Matched = Pick<Analysis, 'model' | 'producers' | 'consumers' | 'constants' | 'values' | 'calls'>

/** @returns the values that have names in the pattern; undefined where the value is not made so */
export function matched(graph: Matched, name: string, pattern: Pattern): ReadonlyMap<string, string> | undefined {
  for (const found of waysOf(graph, name, pattern, new Map())) return found
  return undefined
}

type Names = ReadonlyMap<string, string>

/** The ways in which a value fits a pattern, with the names that are given already. */
function* waysOf(graph: Matched, name: string, pattern: Pattern, given: Names): Iterable<Names> {
  const { opTypes, domain, inputs, options } = pattern
  const { as, alone, commutes, attributes } = options
  if (pattern.either) {
    for (const one of pattern.either) yield* waysOf(graph, name, one, given)
    return
  }
  if (name === '' || (as !== undefined && (given.get(as) ?? name) !== name)) return
  if (alone && !isReadOnce(graph, name)) return
  if (pattern.number !== undefined && !holds(graph, name, pattern.number)) return
  const found = as === undefined ? given : new Map(given).set(as, name)
  if (!opTypes) {
    yield found
    return
  }
  const node = graph.producers.get(name)
  if (node?.outputs[0] !== name || node.domain !== domain || !opTypes.includes(node.opType)) return
  // The pattern names the operator, and what its attributes are read into.
  if (attributes && !attributes(graph.calls.get(node)?.call.attributes as never)) return
  yield* inputWays(graph, node.inputs, inputs, found)
  if (commutes) yield* inputWays(graph, node.inputs, inputs.toReversed(), found)
}

function* inputWays(
  graph: Matched,
  [name = '', ...names]: readonly string[],
  [pattern, ...patterns]: readonly Pattern[],
  given: Names,
): Iterable<Names> {
  if (!pattern) yield given
  else for (const found of waysOf(graph, name, pattern, given)) yield* inputWays(graph, names, patterns, found)
}

/** What is rounded to a type is so far off, relative to it, at most. */
const roundings: Partial<Record<ElementType, number>> = { float32: 2 ** -22, float16: 2 ** -11, bfloat16: 2 ** -8 }

/** The number that a value is known to be. */
export function knownNumber({ constants, values }: Pick<Analysis, 'constants' | 'values'>, name: string) {
  const content = constants.has(name) ? values.get(name)?.value : undefined
  return content?.data.length === 1 ? content.data[0] : undefined
}

function holds(graph: Matched, name: string, wanted: number): boolean {
  const known = knownNumber(graph, name)
  if (known === undefined) return false
  const rounding = roundings[graph.values.get(name)?.elementType ?? 'float64'] ?? 1e-15
  return Number.isNaN(wanted) || Math.abs(known - wanted) <= rounding * Math.abs(wanted)
}

function isReadOnce({ model, consumers, constants }: Matched, name: string): boolean {
  const readers = (consumers.get(name) ?? []).filter((n) => n.outputs.some((o) => !constants.has(o)))
  const places = readers.flatMap((n) => n.inputs.filter((i) => i === name))
  return readers.length === 1 && places.length === 1 && !model.graph.outputs.some((o) => o.name === name)
}
