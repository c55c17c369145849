import type { Unreached } from '../../autodiff/index.ts'
import { KerfError, type NamePattern } from '../../base/index.ts'
import { type Analysis, type Node, nodeLabel } from '../../graph/index.ts'
import { type Learnable, learnableOf } from './learnable.ts'

/** Names in a message. */
const mostNames = 24

/**
 * What is learnt when some of it is frozen. A pattern that matches a layer's name freezes all that the layer learns; one that matches a tensor's,
 * that tensor. A BatchNormalization is frozen as a whole, and normalises by its running statistics, where its name or that of one of these
 * statistics matches.
 * @throws KerfError `bad-options` for a pattern that matches nothing that training changes; `nothing-to-train`
 */
export function withoutFrozen(
  analysis: Analysis,
  freeze: readonly NamePattern[],
): { readonly weights: readonly Learnable[]; readonly isFrozen: (node: Node) => boolean } {
  const learnable = learnableOf(analysis)
  if (learnable.length === 0)
    throw new KerfError(
      'nothing-to-train',
      'The model has no float32 weights. Half-precision and quantised models cannot be trained: take the float32 one.',
    )
  const names = new Map<Node, readonly string[]>()
  for (const node of analysis.model.graph.nodes) {
    const statistics = statisticsOf(node, analysis)
    if (statistics) names.set(node, [nodeLabel(node), ...statistics])
  }
  const known = new Set([...learnable.flatMap((l) => [...l.layers, l.name]), ...[...names.values()].flat()])
  for (const pattern of freeze)
    if (![...known].some((name) => pattern.matches(name))) {
      const shown = [...known].slice(0, mostNames)
      const more = known.size > shown.length ? ` and ${known.size - shown.length} more` : ''
      throw new KerfError(
        'bad-options',
        `freeze: "${pattern.text}" matches no layer or tensor that training changes. There are: ${shown.join(', ')}${more}.`,
        { pattern: pattern.text },
      )
    }
  const matches = (name: string) => freeze.some((pattern) => pattern.matches(name))
  const frozenNodes = new Set([...names].flatMap(([node, own]) => (own.some(matches) ? [node] : [])))
  const frozenLayers = new Set([...frozenNodes].map(nodeLabel))
  const isLearnt = ({ name, layers }: Learnable) =>
    !matches(name) && !layers.some((layer) => matches(layer) || frozenLayers.has(layer))
  const weights = learnable.filter(isLearnt)
  if (weights.length === 0)
    throw new KerfError('nothing-to-train', 'freeze leaves nothing to train: its patterns match every weight.')
  return { weights, isFrozen: (node) => frozenNodes.has(node) }
}

/** The running statistics that training would change: the names of the inputs that hold them. */
function statisticsOf(node: Node, { calls }: Analysis): string[] | undefined {
  const { operator, call } = calls.get(node) ?? {}
  const form = call && operator?.training?.(call, (wish) => wish)
  return form?.statistics?.map(({ input }) => node.inputs[input]!)
}

/** One sentence for every place where gradients end. */
export function unreachedNotices(unreached: readonly Unreached[]): string[] {
  const groups = new Map<string, string[]>()
  for (const { value, endsAt } of unreached) {
    const why = endsAt
      ? `no gradient passes through ${endsAt.opType} "${endsAt.node}"`
      : 'the loss does not depend on it (of several outputs only the first counts)'
    groups.set(why, [...(groups.get(why) ?? []), value])
  }
  return [...groups].map(([why, names]) => {
    const shown = names.slice(0, 8).map((name) => `"${name}"`)
    const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : ''
    return `${shown.join(', ')}${more} will not be learnt: ${why}.`
  })
}
