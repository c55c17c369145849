import type { Labels, Model } from '../graph/index.ts'
import { type BoundInputs, type ChannelGroups, findGroups, inputRuns } from '../prune/index.ts'
import type { ChannelLayout, ChannelMember, ChannelSet } from '../train/index.ts'

/**
 * Where channels and inputs lie in a model's weights, as plain lists: what `createTrainer` is given for methods of sparsity that work on channels.
 * @param options sizes of inputs that the file leaves open, and what is known of operators
 * @throws KerfError as `findGroups`
 */
export function channelLayout(model: Model, options: BoundInputs = {}): ChannelLayout {
  const found = findGroups(model, options)
  return {
    groups: setsOf(found),
    inputs: new Map(
      found.trace.roots.flatMap((root) => {
        const runs = inputRuns(found, root)
        return runs ? [[root.tensor, runs] as const] : []
      }),
    ),
  }
}

function setsOf({ trace, groups }: ChannelGroups): ChannelSet[] {
  const makers = new Map(trace.roots.map((r) => [`${r.tensor}@${r.axis}`, r] as const))
  const sets = groups.map(({ name, classes }) => ({ name, channels: classes.length, members: [] as ChannelMember[] }))
  const places = new Map(
    groups.flatMap(({ classes }, set) =>
      classes.map(({ label }, channel) => [trace.labels.find(label), { set, channel }] as const),
    ),
  )
  const add = (member: Omit<ChannelMember, 'of'>, labels: Labels) => {
    const own = Array.from(labels, (label) => places.get(trace.labels.find(label)))
    for (const set of new Set(own.flatMap((place) => (place ? [place.set] : []))))
      sets[set]!.members.push({
        ...member,
        of: Int32Array.from(own, (place) => (place?.set === set ? place.channel : -1)),
      })
  }
  const roots = new Set(trace.roots.map((r) => r.tensor))
  const roleOf = (tensor: string, axis: number) =>
    makers.has(`${tensor}@${axis}`) ? 'makes' : roots.has(tensor) ? 'reads' : 'other'
  // The same axis, block by block, is told apart below.
  for (const [tensor, axes] of trace.tensorAxes)
    for (const [axis, labels] of axes)
      if (trace.groupedAxes.get(tensor)?.axis !== axis) add({ tensor, role: roleOf(tensor, axis), axis }, labels)
  for (const [tensor, { rows, axis, groups: count, labels }] of trace.groupedAxes)
    add({ tensor, role: roleOf(tensor, axis), axis, blocks: { rows, groups: count } }, labels)
  // First what makes the channels.
  for (const { members } of sets) members.sort((a, b) => Number(b.role === 'makes') - Number(a.role === 'makes'))
  return sets
}
