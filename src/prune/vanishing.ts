import { type InferredCall, type Labels, type Operator, runForward, sourcesFirst } from '../graph/index.ts'
import type { ChannelTrace } from './channel-trace.ts'

/*
 * A masked channel need not be 0: a bias is left, and a Sigmoid makes 0.5 of 0; whoever reads it does so with weights of 0. Where channels are summed
 * over without weights, as in a product of two activations, it must be 0. This file finds what has to be 0 for that.
 */

/**
 * The stored tensors that must be 0 on some channels for a value to be 0 on them; undefined where nothing makes it so.
 * @param labels of the channels, all of one track of the value
 */
export function zeroedFor(
  trace: Pick<ChannelTrace, 'labels' | 'analysis' | 'tracks' | 'tensorAxes' | 'groupedAxes'>,
  value: string,
  labels: Labels,
): ReadonlySet<string> | undefined {
  const sets = new Set(Array.from(labels, (l) => trace.labels.find(l)))
  const holds = (list: Labels) => {
    const own = new Set(Array.from(list, (l) => trace.labels.find(l)))
    return [...sets].every((set) => own.has(set))
  }
  const known = new Map<string, ReadonlySet<string> | undefined>()
  /** What makes the value, where its channels are among those asked for. */
  const maker = (name: string) => {
    const node = trace.analysis.stored.has(name) ? undefined : trace.analysis.producers.get(name)
    const made = node && trace.analysis.calls.get(node)
    if (!made || !trace.tracks.get(name)?.some((t) => holds(t.labels))) return []
    return zerosOf(made.operator, made.call).map((inputs) => inputs.map((i) => node.inputs[i] ?? ''))
  }
  const find = (name: string): ReadonlySet<string> | undefined => {
    if (trace.analysis.stored.has(name)) {
      const grouped = trace.groupedAxes.get(name)
      const axes = [...(trace.tensorAxes.get(name)?.values() ?? []), ...(grouped ? [grouped.labels] : [])]
      return axes.some(holds) ? new Set([name]) : undefined
    }
    for (const inputs of maker(name)) {
      const parts = inputs.map((input) => known.get(input))
      if (parts.every((part) => part !== undefined)) return new Set(parts.flatMap((part) => [...part]))
    }
    return undefined
  }
  for (const name of sourcesFirst(value, (of) => maker(of).flat())) known.set(name, find(name))
  return known.get(value)
}

function zerosOf(operator: Operator, call: InferredCall): readonly (readonly number[])[] {
  if (operator.channels?.zeros)
    return operator.channels.zeros(call, (inputs) => runForward(operator, { ...call, outputs: [] }, inputs))
  if (operator.cost !== 'none') return []
  const type = call.outputs[0]?.elementType
  const moved = call.inputs.flatMap((known, i) => (known?.elementType === type ? [i] : []))
  return moved.length > 0 ? [moved] : []
}
