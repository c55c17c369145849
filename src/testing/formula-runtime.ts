import { profileModel } from '../cost/index.ts'
import type { TimingRuntime } from '../workflow/index.ts'

/**
 * A runtime whose clock is a formula: it makes eight output channels at a time, takes half as long again where they are no multiple of four, and a network whose layers follow each
 * other takes a fifth more than its layers by themselves.
 */
export function formulaRuntime(threads = 1): TimingRuntime & { runs: number } {
  const runtime = {
    runs: 0,
    on: { runtime: 'formula', version: '1', threads, machine: 'paper' },
    async time(runs: Parameters<TimingRuntime['time']>[0]) {
      runtime.runs += runs.length
      return runs.map(({ model, feeds }) => {
        const inputs = new Map(Object.entries(feeds).map(([name, t]) => [name, t.shape]))
        const layers = profileModel(model, { inputs }).layers
        const times = layers.map(({ macs, outputs }) => {
          const channels = Number(outputs[0]?.shape?.[1] ?? 1)
          const tiled = ((macs ?? 0) * Math.ceil(channels / 8) * 8 * (channels % 4 ? 1.5 : 1)) / channels
          const elements = outputs.reduce(
            (sum, o) => sum + (o.shape ?? []).reduce<number>((product, d) => product * Number(d), 1),
            0,
          )
          return (macs ? 0.002 : 0) + tiled * 2e-6 + elements * 1e-6
        })
        const weighted = model.graph.nodes.filter((n) => n.inputs.length > 1 && n.opType !== 'Slice')
        const follows = weighted.some((n) => !(n.inputs[0]! in feeds))
        return 0.01 + times.reduce((a, b) => a + b, 0) * (follows ? 1.2 : 1)
      })
    },
  }
  return runtime
}
