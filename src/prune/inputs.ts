import { KerfError, type NamePattern, type Turn } from '../base/index.ts'
import {
  editGraph,
  keepIndices,
  type Model,
  makeNode,
  type Node,
  nodeLabel,
  sourcesOf,
  type Tensor,
  usedNames,
} from '../graph/index.ts'
import type { Root } from './channel-trace.ts'
import { type ScoringOptions, scoresBy } from './criteria/context.ts'
import type { Criterion } from './criteria/criterion.ts'
import type { Layer } from './criteria/layers.ts'
import { type ChannelGroups, isKept, namesOf, type Refusal } from './groups.ts'
import { ratioOf, type Scope } from './select.ts'
import { withZeros } from './weights.ts'

/** A linear layer that lost inputs. */
export interface NarrowedLayer {
  readonly layer: string
  readonly inputs: number
  readonly kept: number
}

/** The two axes of a linear layer's weight: [in, out] or [out, in]. */
const inputAxis = (root: Root): number => 1 - root.axis

/** The inputs of a layer as a group of channels, which one layer reads. */
function inputsOf(root: Root, sums: NonNullable<Root['sums']>, { shape }: Tensor) {
  const axis = inputAxis(root)
  const channels = shape[axis]!
  const layer: Layer = {
    ...{ node: nodeLabel(root.node), tensor: root.tensor, channels },
    of: Int32Array.from({ length: channels }, (_, i) => i),
    weight: { value: root.tensor, axis },
    activation: () => ({ value: root.node.inputs[sums.input]!, axis: sums.axis }),
    nodes: [root.node],
  }
  return { name: layer.node, channels, layers: [layer], readers: [layer], normalisations: [] }
}

/**
 * Input pruning: a linear layer (Gemm, MatMul) no longer looks at some of its inputs. Its weight loses their rows, and a Gather in
 * front of it picks the inputs that remain, so that whoever makes them may go on making all (a graph input cannot shrink).
 * round(ratio × inputs) go, those with the lowest scores first.
 */
export async function narrowInputs(
  found: ChannelGroups,
  scope: Scope,
  criterion: Criterion,
  options: ScoringOptions & { readonly keep?: readonly NamePattern[] },
  turn: Turn,
): Promise<{ model: Model; masked: Model; layers: NarrowedLayer[]; refused: Refusal[] }> {
  const { analysis } = found.trace
  const { model, stored, producers } = analysis
  const cut = editGraph(model)
  const masked = editGraph(model)
  const layers: NarrowedLayer[] = []
  const refused: Refusal[] = []
  const gathers = new Map<Node, readonly Node[]>()
  const users = new Map<string, number>()
  const used = [...model.graph.nodes.flatMap(usedNames), ...model.graph.outputs.map(({ name }) => name)]
  for (const name of used) users.set(name, (users.get(name) ?? 0) + 1)
  /** Whether a layer alone reads its weight, and what the weight is made from. */
  const alone = (value: string, tensor: string): boolean =>
    users.get(value) === 1 &&
    (value === tensor ||
      (producers.get(value)?.inputs ?? []).every(
        (name) => name === '' || !sourcesOf(analysis, name)?.has(tensor) || alone(name, tensor),
      ))
  const narrowed: { readonly root: Root; readonly sums: NonNullable<Root['sums']> }[] = []
  for (const root of found.trace.roots.filter((r) => r.kind === 'neuron' && !isKept(options.keep, r))) {
    const { node, tensor: name, sums } = root
    const tensor = stored.get(name)!
    const size = tensor.shape[inputAxis(root)]!
    const refuse = (why: string) => refused.push({ node: nodeLabel(node), why, channels: size })
    if (!sums || tensor.shape.length !== 2) {
      refuse('its input features are not one axis of its input')
      continue
    }
    if (!alone(root.weight.value, name)) {
      refuse(`its weight "${name}" is read elsewhere, too`)
      continue
    }
    narrowed.push({ root, sums })
  }
  const scored = narrowed.map(({ root, sums }) => inputsOf(root, sums, stored.get(root.tensor)!))
  const ranked = await scoresBy(criterion, scored, analysis, options, turn, 'alone')
  for (const [i, { root, sums }] of narrowed.entries()) {
    await turn()
    const { node, tensor: name } = root
    const tensor = stored.get(name)!
    const axis = inputAxis(root)
    const size = tensor.shape[axis]!
    const scores = ranked[i]!
    const ratio = ratioOf(namesOf(root), scope)
    const order = [...scores.keys()].sort((a, b) => scores[a]! - scores[b]! || a - b)
    const kept = Int32Array.from(order.slice(Math.min(size - 1, Math.round(size * ratio)))).sort()
    const picked = `${nodeLabel(node)}_kept`
    const indices = cut.ints(`${nodeLabel(node)}_kept_indices`, Array.from(kept))
    cut.replaceStored(name, keepIndices(tensor, new Map([[axis, kept]])), { sameFill: true })
    const stays = new Set(kept)
    const lost = new Map([[axis, new Set(order.filter((i) => !stays.has(i)))]])
    masked.replaceStored(name, withZeros(tensor, lost))
    gathers.set(node, [
      makeNode('Gather', [node.inputs[sums.input]!, indices], [picked], { axis: sums.axis }),
      { ...node, inputs: node.inputs.with(sums.input, picked) },
    ])
    layers.push({ layer: nodeLabel(node), inputs: size, kept: kept.length })
  }
  if (layers.length === 0)
    throw new KerfError(
      'nothing-to-prune',
      `No linear layer of the model can lose inputs.${refused.map((r) => ` ${r.node}: ${r.why}.`).join('')}`,
    )
  cut.rewrite((node) => gathers.get(node) ?? node)
  return { model: cut.model(), masked: masked.model(), layers, refused }
}
