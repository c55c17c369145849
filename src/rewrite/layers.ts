import { indentedLines, KerfError, type NamePattern, NodeError } from '../base/index.ts'
import { type Analysis, type Node, nodeLabel } from '../graph/index.ts'
import type { Rewrite, RewriteLayer, RewriteRefusal } from './rewrite.ts'

/* Which layers of a network are meant, and which of them can be swapped. */

/** A layer that stays as it is. */
export interface UnswappedLayer {
  /** Its name. */
  readonly node: string
  /** Why, in words. */
  readonly why: string
}

const convolutions = ['Conv', 'ConvTranspose']
/** What calculates with weights. A pattern for a part of a network meets other nodes too; these are no layers that somebody wants swapped. */
const weighted = [...convolutions, 'AdderConv', 'Gemm', 'MatMul']

export const isConvolution = ({ node }: RewriteLayer): boolean => convolutions.includes(node.opType)

/** All nodes, as rewrites meet them. */
export function layersOf(analysis: Analysis): RewriteLayer[] {
  const { nodes } = analysis.model.graph
  const stored = nodes.filter((n) => n.inputs.slice(1).some((name) => name !== '' && analysis.constants.has(name)))
  const first = stored.find((n) => n.opType === 'Conv')
  const last = stored.findLast((n) => ['Conv', 'Gemm', 'MatMul'].includes(n.opType))
  const placeOf = (node: Node) => (node === first ? 'first' : node === last ? 'last' : undefined)
  return nodes.map((node) => ({ name: nodeLabel(node), node, place: placeOf(node), analysis }))
}

/** Its first output, which tells a node from all others in any version of a graph. */
export const resultOf = ({ outputs }: Node): string => outputs.find((name) => name !== '') ?? ''

/** @throws KerfError `no-such-layer`, `nothing-to-swap`; NodeError `cannot-swap` */
export function chooseLayers(analysis: Analysis, rewrite: Rewrite, settings: object, pattern: NamePattern | undefined) {
  const layers = layersOf(analysis)
  const meant = pattern ? layers.filter((l) => pattern.matches(l.name)) : layers
  if (pattern && meant.length === 0) {
    const names = layers.filter((l) => !rewrite.refusal(l, settings)).map((l) => l.name)
    throw new KerfError(
      'no-such-layer',
      `No layer is called "${pattern.text}". Those that can be swapped: ${names.slice(0, 8).join(', ') || 'none'}${names.length > 8 ? ` and ${names.length - 8} more` : ''}.`,
      { pattern: pattern.text },
    )
  }
  const taken: RewriteLayer[] = []
  const kept: UnswappedLayer[] = []
  const refusals: (UnswappedLayer & RewriteRefusal & { readonly opType: string })[] = []
  for (const layer of meant) {
    const { opType } = layer.node
    const refusal = rewrite.refusal(layer, settings)
    if (refusal && pattern?.text === layer.name)
      throw new NodeError('cannot-swap', {
        ...{ opType, node: layer.name, problem: refusal.why },
        remedy: 'Choose other layers.',
      })
    const why = pattern || refusal ? undefined : rewrite.kept?.(layer)
    if (refusal) refusals.push({ node: layer.name, ...refusal, opType })
    else if (why !== undefined) kept.push({ node: layer.name, why })
    else taken.push(layer)
  }
  const told = pattern ? weighted : convolutions
  const refused = refusals.flatMap(({ opType, ...refusal }) => (told.includes(opType) ? [refusal] : []))
  if (taken.length === 0) throw nothingToSwap(refused.length > 0 || !pattern ? refused : refusals, kept)
  return { taken, kept, refused }
}

export function nothingToSwap(refused: readonly UnswappedLayer[], kept: readonly UnswappedLayer[]): KerfError {
  const reasons = [...refused, ...kept].map((l) => `${l.node}: ${l.why}`)
  return new KerfError(
    'nothing-to-swap',
    `No layer can be swapped. Choose ${reasons.length > 0 ? 'others' : 'some'} with --layers.${indentedLines(reasons)}`,
    { refused, kept },
  )
}
