import type { Analysis } from './analysis.ts'

/*
 * Patterns of nodes, written as what makes a value: `op('Sub', [value('x'), op('ReduceMean', [value('x')])])` is x minus its mean. They say what stands in
 * the graph; what else must hold (attributes, shapes), whoever looks for them says.
 */

export interface Pattern {
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

/** @returns the values that have names in the pattern; undefined where the value is not made so */
export function matched(
  graph: Pick<Analysis, 'model' | 'producers' | 'consumers' | 'constants'>,
  name: string,
  pattern: Pattern,
): ReadonlyMap<string, string> | undefined {
  const found = new Map<string, string>()
  const visit = (name: string, { opTypes, domain, inputs, options: { as, alone } }: Pattern): boolean => {
    if (name === '' || (as !== undefined && found.has(as) && found.get(as) !== name)) return false
    if (as !== undefined) found.set(as, name)
    if (alone && !isReadOnce(graph, name)) return false
    if (!opTypes) return true
    const node = graph.producers.get(name)
    return (
      node?.outputs[0] === name &&
      node.domain === domain &&
      opTypes.includes(node.opType) &&
      inputs.every((input, i) => visit(node.inputs[i] ?? '', input))
    )
  }
  return visit(name, pattern) ? found : undefined
}

function isReadOnce({ model, consumers, constants }: Parameters<typeof matched>[0], name: string): boolean {
  const readers = (consumers.get(name) ?? []).filter((n) => n.outputs.some((o) => !constants.has(o)))
  const places = readers.flatMap((n) => n.inputs.filter((i) => i === name))
  return readers.length === 1 && places.length === 1 && !model.graph.outputs.some((o) => o.name === name)
}
