import { getOrAdd, KerfError, largest } from '../base/index.ts'
import { nodeLabel, quantisedWeight, type RootKind } from '../graph/index.ts'
import { type ChannelGroups, type GroupOptions, groupsOf, isKept, namesOf, type Refusal } from './groups.ts'
import { type ClassScores, ratioOf, type Scope, type Selection, select } from './select.ts'

/*
 * When nothing can be removed, or much less than was asked for: why, and what to do.
 */

export interface Asked extends GroupOptions {
  readonly kinds: ReadonlySet<RootKind>
  /** Absent where a target is to be reached. */
  readonly scope?: Scope
}

const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
const sentences = (refused: readonly Refusal[]): string =>
  refused
    .slice(0, 5)
    .map((r) => ` ${r.node}: ${r.why}.`)
    .join('')

/** No group at all. */
export function nothingToPrune(found: ChannelGroups, asked: Asked): KerfError {
  const hasLayers = found.trace.roots.length > 0 || found.trace.refused.length > 0
  const why =
    sentences(found.refused) || (hasLayers ? '' : ' It has no convolutions or linear layers with stored weights.')
  return new KerfError('nothing-to-prune', `No channels of the model can be removed.${why}${advice(found, asked)}`, {
    refused: found.refused,
  })
}

/** Groups, of which everything stays. */
export function nothingRemoved(found: ChannelGroups, scores: ClassScores, asked: Asked): KerfError {
  const { scope } = asked
  if (!scope)
    return new KerfError(
      'nothing-to-prune',
      'Nothing would be removed: the widths asked for are those that the groups have.',
    )
  const widest = largest(found.groups.map((g) => g.classes.length))
  const groups = plural(found.groups.length, 'group')
  const rounding = (scope.roundTo ?? 1) > 1 && select(found, scores, { ...scope, roundTo: 1 }).removed.size > 0
  const why = rounding
    ? `--round-to ${scope.roundTo} keeps every width as it is: the widest of ${groups} has ${plural(widest, 'channel')}. Round to less.`
    : widest === 1
      ? `${groups} can be cut, with one channel each, which stays.${sentences(found.refused)}${advice(found, asked)}`
      : `the ratios asked for take no channel of ${groups}, the widest of ${plural(widest, 'channel')}. Ask for more.`
  return new KerfError('nothing-to-prune', `Nothing would be removed: ${why}`, { refused: found.refused })
}

/** What would find channels, tried out. */
function advice(found: ChannelGroups, asked: Asked): string {
  const { roots, analysis } = found.trace
  const both = new Set<RootKind>(['filter', 'neuron'])
  const method = roots.some((r) => r.kind === 'filter') ? '--method filter,neuron' : '--method neuron'
  const finds = (flags: string, way: Partial<Asked> & { readonly inexact?: boolean }): string[] => {
    const { groups } = groupsOf(analysis, { ...asked, ...way })
    const wide = groups.filter((g) => g.classes.length > g.balancing.unit).length
    return wide > 0 ? [`${flags} would find ${plural(wide, 'group')}`] : []
  }
  // That the outputs shrink is rarely wanted, so it is named where nothing else helps.
  const ways = [
    () => [...finds(method, { kinds: both }), ...finds('--inexact', { inexact: true })],
    () => finds('--allow-outputs', { outputsMayShrink: true }),
    () => finds(`${method} --allow-outputs`, { kinds: both, outputsMayShrink: true }),
  ].reduce<string[]>((found, more) => (found.length > 0 ? found : more()), [])
  if (ways.length > 0) return ` ${ways.join('; ')}.`
  return quantisedWeight(found.trace.analysis.stored) === undefined
    ? ''
    : ' The network is quantised: prune the one that it was made of, and quantise after.'
}

/** Below this part of what was asked for the user is told. */
const much = 0.5

/** What to say where much less goes than the ratios ask for; layers that the user keeps, and those of the outputs, are not counted. */
export function shortfall(found: ChannelGroups, { removed }: Selection, asked: Asked): string[] {
  const { scope } = asked
  if (!scope) return []
  const { trace } = found
  let [channels, wished, gone] = [0, 0, 0]
  const staying = new Map<string, { readonly text: string; count: number }>()
  const tensors = new Set<string>()
  for (const root of trace.roots) {
    if (!asked.kinds.has(root.kind) || isKept(asked.keep, root) || tensors.has(root.tensor)) continue
    tensors.add(root.tensor)
    const node = nodeLabel(root.node)
    for (const label of root.labels) {
      const frozen = trace.labels.frozen(label)
      if (frozen?.node === '') continue
      channels++
      wished += ratioOf(namesOf(root), scope)
      if (removed.has(trace.labels.find(label))) gone++
      if (!frozen) continue
      const because = frozen.node === node ? frozen.why : `${frozen.node}: ${frozen.why}`
      getOrAdd(staying, because, () => ({ text: `for one reason (${because})`, count: 0 })).count++
    }
  }
  if (gone >= much * wished) return []
  const percent = (n: number) => `${((100 * n) / channels).toFixed(0)} %`
  const [most] = [...staying.values()].sort((a, b) => b.count - a.count)
  const isRounded = (scope.roundTo ?? 1) > 1 && (most?.count ?? 0) < wished - gone
  const why = isRounded
    ? ` Widths are rounded up to multiples of ${scope.roundTo}.`
    : most
      ? ` ${most.count} stay ${most.text}.`
      : ''
  return [
    `Much less goes than was asked for: ${gone} of ${channels} channels (${percent(gone)}), not ${percent(wished)}.${why}`,
  ]
}
