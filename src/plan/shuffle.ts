import { getOrAdd, isConcrete } from '../base/index.ts'
import { type Node, type Picks, shufflesBehind, usedNames } from '../graph/index.ts'
import { isCode, isFloat } from './element-types.ts'
import type { Prepared, Unit } from './units.ts'

/*
 * Channel shuffles in groups, as one step: with g groups of s channels, channel i·g + j of the result is channel j·s + i.
 */

export interface Shuffle {
  readonly groups: number
  /** What the last node makes. */
  readonly result: string
}

export interface Shuffles {
  /** By the first node of each. */
  readonly starts: ReadonlyMap<Node, Shuffle>
  /** The nodes behind the first ones. */
  readonly absorbed: ReadonlySet<Node>
}

export function findShuffles(prepared: Prepared): Shuffles {
  const starts = new Map<Node, Shuffle>()
  const absorbed = new Set<Node>()
  // Who asks for a shape alone does not run.
  const consumers = new Map<string, Node[]>()
  for (const { node } of prepared.units)
    for (const name of usedNames(node)) getOrAdd(consumers, name, () => []).push(node)
  const graph = { ...prepared, consumers }
  for (const { node, call } of prepared.units) {
    const [x] = call.inputs
    if (absorbed.has(node) || !isConcrete(x?.shape) || x.shape.length < 3 || !(isFloat(x) || isCode(x))) continue
    const [shuffle, ...others] = shufflesBehind(graph, node.inputs[0]!, 1, node) ?? []
    const groups = shuffle && groupsOf(shuffle.order)
    // Others may read nothing of what lies between.
    if (!groups || others.length > 0 || shuffle.through.some((name) => consumers.get(name)?.length !== 1)) continue
    const chain = [...shuffle.through, shuffle.to].map((name) => prepared.producers.get(name)!)
    // Views alone cost nothing.
    if (!chain.some((part) => prepared.calls.get(part)?.operator.permutes)) continue
    starts.set(node, { groups, result: shuffle.to })
    for (const part of chain.slice(1)) absorbed.add(part)
  }
  return { starts, absorbed }
}

/** How many groups a shuffle has; undefined where it is another order, or none. */
function groupsOf(order: Int32Array): number | undefined {
  const size = order[1] ?? order.length
  const groups = order.length / size
  const shuffled = (place: number) => (place % groups) * size + Math.floor(place / groups)
  return Number.isInteger(groups) && order.every((index, place) => index === shuffled(place)) ? groups : undefined
}

/** What a shuffle in so many groups takes from where. */
export function shufflePicks(groups: number, { call }: Unit): Picks {
  const channels = call.inputs[0]?.shape?.[1] as number
  const size = channels / groups
  const from = (place: number) => (place % groups) * size + Math.floor(place / groups)
  return { axis: 1, outputs: [Array.from({ length: channels }, (_, c) => ({ input: 0, first: from(c), count: 1 }))] }
}
