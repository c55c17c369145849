import {
  elementCount,
  highestOfRuns,
  type InputRuns,
  isFloating,
  KerfError,
  type NamePattern,
  type NmPattern,
  smallest,
  type Turn,
} from '../base/index.ts'
import {
  computed,
  editGraph,
  lazyTensor,
  type Model,
  nodeLabel,
  readValues,
  type Tensor,
  tensorValues,
} from '../graph/index.ts'
import type { Root } from './channel-trace.ts'
import { criteria } from './criteria/catalogue.ts'
import { namedRandom, type ScoringOptions } from './criteria/context.ts'
import type { Criterion, ScoredLayer } from './criteria/criterion.ts'
import { type ChannelGroups, isKept, namesOf } from './groups.ts'
import { checkRatio, ratioOf, type Scope } from './select.ts'

/** One weight tensor and how many of its values were set to zero. */
export interface ZeroedTensor {
  readonly name: string
  readonly layer: string
  readonly values: number
  readonly zeros: number
}

/** Scores of the single weights of a layer. @throws KerfError `bad-options` for a criterion that has none, `bad-scores` */
async function scoresOf(
  { name, scoreWeights }: Criterion,
  { node, tensor, labels }: Root,
  stored: Tensor,
  { seed }: ScoringOptions,
): Promise<Float64Array> {
  if (!scoreWeights)
    throw new KerfError(
      'bad-options',
      `The criterion ${name} ranks channels, not single weights. For the method weight there are: ${criteria.flatMap((c) => (c.scoreWeights ? [c.name] : [])).join(', ')}.`,
      { criterion: name },
    )
  const count = elementCount(stored.shape)!
  const layer: ScoredLayer = {
    ...{ node: nodeLabel(node), tensor, channels: labels.length },
    of: Int32Array.from(labels, (_, i) => i),
  }
  const random = () => namedRandom(seed, tensor)
  const scores = Float64Array.from(await scoreWeights(readValues(stored), { layer, random }))
  if (scores.length === count) return scores
  throw new KerfError(
    'bad-scores',
    `The criterion ${name} gives ${scores.length} scores for the ${count} weights of ${layer.node}. It should give one for each.`,
    { criterion: name, expected: count, received: scores.length },
  )
}

/** Which weights of a tensor go: 1 for those. */
type Mask = (root: Root, scores: Float64Array) => Uint8Array

/** How much goes: parts of the weights, or a pattern. */
export type ZeroedAmount = { readonly scope: Scope } | { readonly pattern: NmPattern }

/**
 * Weight pruning: sets single weights of convolutions and linear layers to zero and removes nothing. The network stores as much as before, and runtimes execute
 * as much; Kerf's leaves zeros out where there are enough of them (docs/pruning.md).
 *
 * With a scope: in each tensor (or with `scope.global` in all together) round(ratio × values) go, those of lowest score first. With a pattern: of each `m`
 * inputs that follow each other, for one output channel and tap, all but the `n` of highest score; of fewer than `m` at the end, those above `n`. Layers of
 * fewer inputs than lose any stay as they are. Biases and normalisation parameters stay.
 */
export async function zeroWeights(
  found: ChannelGroups,
  amount: ZeroedAmount,
  criterion: Criterion,
  options: ScoringOptions & { readonly keep?: readonly NamePattern[] },
  turn: Turn,
): Promise<{ model: Model; tensors: ZeroedTensor[] }> {
  const { model, stored } = found.trace.analysis
  const targets = new Map(
    found.trace.roots
      .filter((r) => !isKept(options.keep, r) && isFloating(stored.get(r.tensor)!.elementType))
      .map((r) => [r.tensor, r]),
  )
  if (targets.size === 0)
    throw new KerfError(
      'nothing-to-prune',
      'The model has no stored weights of convolutions or linear layers to prune.',
    )
  const scored = (root: Root) => scoresOf(criterion, root, stored.get(root.tensor)!, options)
  const mask =
    'pattern' in amount
      ? patternMask(found, amount.pattern)
      : await lowestMask(amount.scope, [...targets.values()], scored, turn)
  const editor = editGraph(model)
  const tensors: ZeroedTensor[] = []
  for (const [name, root] of targets) {
    await turn()
    const zero = mask(root, await scored(root))
    editor.replaceStored(name, zeroed(stored.get(name)!, zero))
    const zeros = zero.reduce((sum, z) => sum + z, 0)
    tensors.push({ name, layer: namesOf(root)[0]!, values: zero.length, zeros })
  }
  return { model: editor.model(), tensors }
}

/** Those of lowest score; ties in the order of the tensors, then of their values. */
async function lowestMask(
  scope: Scope,
  roots: readonly Root[],
  scored: (root: Root) => Promise<Float64Array>,
  turn: Turn,
): Promise<Mask> {
  const common = scope.global ? await commonThreshold(roots, scope.ratio, scored, turn) : undefined
  let commonTies = common?.ties ?? 0
  return (root, scores) => {
    const own = common ?? smallest(scores, Math.round(scores.length * ratioOf(namesOf(root), scope)))
    let ties = common ? commonTies : own.ties
    const zero = Uint8Array.from(scores, (s) => Number(s < own.threshold || (s === own.threshold && ties-- > 0)))
    if (common) commonTies = ties
    return zero
  }
}

/**
 * Where the inputs of a layer's outputs lie in its weight: along the other axis than that of its outputs.
 * @returns undefined where it has none
 */
export function inputRuns({ trace }: ChannelGroups, { tensor, axis }: Root): InputRuns | undefined {
  const shape = trace.analysis.stored.get(tensor)?.shape ?? []
  const spec = trace.groupedAxes.get(tensor)
  const [other = axis === 0 ? 1 : 0] = [...(trace.tensorAxes.get(tensor)?.keys() ?? [])].filter((a) => a !== axis)
  const size = shape[other]
  // The rows of a grouped transposed convolution are its inputs, group by group.
  return size === undefined ? undefined : { axis: other, run: spec?.rows === other ? size / spec.groups : size }
}

/** All but the `n` highest of each `m` inputs; of equal ones the first stay. */
const patternMask =
  (found: ChannelGroups, pattern: NmPattern): Mask =>
  (root, scores) => {
    const runs = inputRuns(found, root)
    const shape = found.trace.analysis.stored.get(root.tensor)!.shape as readonly number[]
    return runs ? highestOfRuns(scores, shape, runs, pattern).map((kept) => 1 - kept) : new Uint8Array(scores.length)
  }

/** Of all tensors together. */
async function commonThreshold(
  roots: readonly Root[],
  ratio: number,
  scored: (root: Root) => Promise<Float64Array>,
  turn: Turn,
): Promise<{ threshold: number; ties: number }> {
  checkRatio(ratio)
  const parts: Float64Array[] = []
  for (const root of roots) {
    await turn()
    parts.push(await scored(root))
  }
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return smallest(all, Math.round(all.length * ratio))
}

function zeroed(tensor: Tensor, zero: Uint8Array): Tensor {
  const size = tensor.data.byteLength / zero.length
  if (!Number.isInteger(size))
    return lazyTensor(tensor.elementType, tensor.shape, () => tensorValues(tensor).map((v, i) => (zero[i] ? 0 : v)))
  const make = () => {
    // A copy. (Not `slice`, which of a Node Buffer is none.)
    const bytes = new Uint8Array(tensor.data.bytes())
    for (let i = 0; i < zero.length; i++) if (zero[i]) bytes.fill(0, i * size, (i + 1) * size)
    return bytes
  }
  return { ...tensor, preserved: undefined, data: computed(tensor.data.byteLength, make) }
}
