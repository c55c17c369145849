import { type Analysis, type Arithmetic, analyseBody, type BodyUse, type Node, nodeLabel } from '../graph/index.ts'
import type { Moved, NodeCount } from './node-count.ts'
import { ParameterFinder, type StoredTensor } from './parameters.ts'

/*
 * Nodes that run bodies (If, Loop, Scan), where the branch or the number of rounds is not known beforehand (otherwise the bodies stand in the graph):
 * of branches that can be taken, the one with the most arithmetic; of rounds, as many as are known. The parameters of all bodies, each once.
 */

/** A body with its nodes that run. */
interface Body {
  readonly analysis: Analysis
  readonly running: readonly Node[]
  readonly use: BodyUse
}

type KnownNode = NonNullable<ReturnType<Analysis['calls']['get']>>

function bodiesOf(around: Analysis, { operator, call }: KnownNode): Body[] {
  const uses = operator.control?.uses(call).filter((use) => use.misfit === undefined) ?? []
  return uses.map((use): Body => {
    const analysis = analyseBody(around, use.graph, use.inputs)
    const running = use.graph.nodes.filter((n) => n.outputs.some((o) => !analysis.constants.has(o)))
    return { analysis, running, use }
  })
}

/** @param countOne counts one node of a body */
export function countBodies(
  analysis: Analysis,
  known: KnownNode,
  countOne: (analysis: Analysis, node: Node) => NodeCount,
): NodeCount {
  const { alternatives, uses } = known.operator.control!
  const bodies = bodiesOf(analysis, known)
  const counts = bodies.map((body) => {
    const parts = body.running.map((node) => ({ node, count: countOne(body.analysis, node) }))
    const unclear = parts.find(({ count }) => count.why !== undefined)
    const why = unclear && `in its body, ${unclear.node.opType} "${nodeLabel(unclear.node)}": ${unclear.count.why}`
    return timesRun(
      parts.map(({ count }) => count),
      body.use.times,
      why,
    )
  })
  const left = uses(known.call).find((use) => use.misfit !== undefined)
  if (!alternatives || (counts.length === 1 && !left)) return counts[0]!
  const unclear = counts.find((c) => c.why !== undefined)
  if (unclear) return unclear
  const largest = counts.reduce((best, count, i) => (operationsOf(count) > operationsOf(counts[best]!) ? i : best), 0)
  const { name } = bodies[largest]!.use
  const note = left
    ? `${name} and its parameters are counted: ${left.name} cannot be taken with these sizes (${left.misfit})`
    : `which branch runs depends on the data: ${name}, the larger one, is counted, parameters of both`
  return { ...counts[largest]!, note }
}

/** For comparing: MACs first. */
const operationsOf = ({ macs, arithmetic }: NodeCount): number => {
  const { adds = 0, muls = 0, others = 0 } = arithmetic ?? {}
  return (macs ?? 0) * 2 ** 20 + adds + muls + others
}

/** What several nodes cost together, run so many times. @param why what of it is not known */
function timesRun(parts: readonly NodeCount[], times: number | undefined, why: string | undefined): NodeCount {
  const macs = parts.reduce((sum: number | null, p) => (sum === null || p.macs === null ? null : sum + p.macs), 0)
  if (times === undefined || why !== undefined)
    return {
      // Without layers in the body there are none, however often it runs.
      macs: macs === 0 ? 0 : macs === null || times === undefined ? null : times * macs,
      arithmetic: null,
      reads: null,
      writes: null,
      why: times === undefined ? 'how often its body runs depends on the data' : why,
    }
  const sum = (key: keyof Arithmetic) =>
    times * parts.reduce((total, { arithmetic }) => total + (arithmetic?.[key] ?? 0), 0)
  const all = (key: 'reads' | 'writes') => {
    const moved = new Map<string, Moved>()
    parts.forEach((part, i) => {
      // Every node moves what it reads and writes, also where another one of the body does.
      for (const [name, { elements, bytes }] of part[key] ?? [])
        moved.set(`${i}/${name}`, { elements: times * elements, bytes: bytes === null ? null : times * bytes })
    })
    return moved
  }
  return {
    macs: macs === null ? null : times * macs,
    arithmetic: {
      macs: sum('macs'),
      adds: sum('adds'),
      muls: sum('muls'),
      others: sum('others'),
      accumulators: sum('accumulators'),
    },
    reads: all('reads'),
    writes: all('writes'),
  }
}

/** The parameters of a node's bodies, whichever runs. What a body stores itself is named after the node and the body. */
export function bodyParameters(analysis: Analysis, known: KnownNode | undefined): StoredTensor[] {
  if (!known?.operator.control) return []
  return bodiesOf(analysis, known).flatMap((body) => {
    const finder = new ParameterFinder(body.analysis)
    const found = body.running.flatMap((node) => [
      ...finder.of(node),
      ...bodyParameters(body.analysis, body.analysis.calls.get(node)),
    ])
    return found.map(({ name, tensor }) => ({
      name: analysis.values.has(name) ? name : `${nodeLabel(known.call.node)}/${body.use.graph.name}/${name}`,
      tensor,
    }))
  })
}
