import type { Task } from '../../base/index.ts'
import { type Analysis, layerNetwork, type Model, nodeLabel } from '../../graph/index.ts'
import type { SwappedLayer } from '../../rewrite/index.ts'
import { timeAlone } from '../times/alone.ts'
import { feedsToTime, type TimedRun, type TimingRuntime } from '../times/runtimes.ts'

/* What swapped layers take, and the network: measured in turns with what they were, so that a slow minute of the machine meets both alike. */

/** Milliseconds of a run. */
export interface TimeChange {
  /** As it was. */
  readonly beforeMs: number
  /** As it is now. */
  readonly afterMs: number
}

/** How long each is run, about, in seconds: a layer, and a network. */
const [layerSeconds, networkSeconds] = [0.2, 1]

/** What is measured: two networks, and what became of which layer. */
export interface Exchanged {
  readonly before: Analysis
  readonly after: Analysis
  readonly swapped: readonly SwappedLayer[]
}

/** The network before and after, run in turns. */
export async function networkTimes(
  models: readonly [before: Model, after: Model],
  inputs: ReadonlyMap<string, readonly number[]>,
  timing: TimingRuntime,
  task: Task,
): Promise<TimeChange> {
  const runs = models.map((model): TimedRun => ({ model, feeds: feedsToTime(model, inputs) }))
  const [beforeMs = 0, afterMs = 0] = await timing.time(runs, networkSeconds, task)
  return { beforeMs, afterMs }
}

/** Every swapped layer by itself, beside what stands in its place; without what runtimes fuse with it. */
export async function layerTimes(
  { before, after, swapped }: Exchanged,
  timing: TimingRuntime,
  { signal, progress }: Task,
): Promise<TimeChange[]> {
  const times: TimeChange[] = []
  for (const { node, nodes } of swapped) {
    progress?.({ what: 'timing layers', done: times.length, total: swapped.length, unit: 'layers' })
    const layers = [partOf(before, [node]), partOf(after, nodes)]
    const [beforeMs = 0, afterMs = 0] = await timeAlone(layers, timing, layerSeconds, { signal })
    times.push({ beforeMs, afterMs })
  }
  return times
}

/** Nodes by their names, as a network. */
function partOf(analysis: Analysis, names: readonly string[]): Model {
  const wanted = new Set(names)
  const nodes = analysis.model.graph.nodes.filter((n) => wanted.has(nodeLabel(n)))
  const made = new Set(nodes.flatMap((n) => n.outputs))
  const read = new Set(nodes.flatMap((n) => n.inputs))
  const inputs = [...read].filter((name) => name !== '' && !made.has(name) && !analysis.constants.has(name))
  const outputs = [...made].filter((name) => name !== '' && !read.has(name))
  return layerNetwork(analysis, { nodes, inputs, outputs })
}
