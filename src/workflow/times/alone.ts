import { elementCount, type Task } from '../../base/index.ts'
import { macsOf } from '../../cost/index.ts'
import { analyse, graphInputs, type Model } from '../../graph/index.ts'
import { runnableOperators } from '../../ops/index.ts'
import { type LayerProbe, layerMs, probeOf } from './probe.ts'
import { feedsToTime, type TimedRun, type TimingRuntime } from './runtimes.ts'

/**
 * What layers take, each as a difference of copies (`probeOf`), in turns.
 * @param layers networks of a layer each, or of several that stand in the place of one, in concrete shapes
 * @param seconds how long each is measured, about
 * @returns milliseconds of each
 */
export async function timeAlone(
  layers: readonly Model[],
  timing: TimingRuntime,
  seconds: number,
  task: Task,
): Promise<number[]> {
  const probes = layers.map(probeOfNetwork)
  const runs = probes.flatMap(({ more, less }) =>
    [more, less].map((model): TimedRun => ({ model, feeds: feedsToTime(model) })),
  )
  const times = await timing.time(runs, seconds / 2, task)
  return probes.map((probe, i) => layerMs(probe, times[2 * i]!, times[2 * i + 1]!))
}

function probeOfNetwork(model: Model): LayerProbe {
  const analysis = analyse(model, runnableOperators)
  const { graph } = model
  const inputs = graphInputs(graph).map((i) => i.name)
  const outputs = graph.outputs.map((o) => o.name)
  const nodes = graph.nodes.filter((n) => !n.outputs.every((o) => o === '' || analysis.constants.has(o)))
  const elements = (names: readonly string[]) =>
    names.reduce((sum, name) => sum + (elementCount(analysis.values.get(name)?.shape) ?? 0), 0)
  const macs = [...macsOf(analysis).values()].reduce((a, b) => a + b, 0)
  const work = { macs, reads: elements(inputs), writes: elements(outputs) }
  return probeOf(analysis, { nodes, inputs, outputs }, work)
}
